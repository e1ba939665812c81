"""What a turn computes: values and texts over the names in scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

Scope = Mapping[str, Any]
"""Names an expression may read: variables, slots, data tables, and the engine's own (`user`, `session` …)."""


class Expression(Protocol):
    """A compiled `if`, `check`, lone `{{ }}` …: the value itself, with its type."""

    source: str
    names: frozenset[str]
    """Top-level names it reads."""

    def evaluate(self, scope: Scope) -> Any:
        """The value. Raises `StepError("value", …)` when it cannot be computed."""
        ...


class Template(Protocol):
    """A compiled text with `{{ }}` for a reader: list values print their label, dates as people write them."""

    source: str
    names: frozenset[str]
    constant: str | None
    """The whole text when nothing in it varies."""

    def render(self, scope: Scope) -> str: ...


class Value(Protocol):
    """A compiled piece of data (for `set`, `args`, `json` …): maps and lists of constants, templates and
    expressions. Inside mixed text list values print their key, dates as ISO."""

    names: frozenset[str]

    def evaluate(self, scope: Scope) -> Any: ...
