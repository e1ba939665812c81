"""Entities as a robot declares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ses.scenario.findings.fault import Fault

Label = str | Mapping[str, str]
"""A text, or texts by language."""


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A value of a list entity. `forms` are patterns; without `label` it prints as its first form."""

    key: str
    forms: tuple[str, ...]
    label: Label = ""

    def text(self, language: str) -> str:
        """What it prints as."""
        if isinstance(self.label, str):
            return self.label or _readable(self.forms) or self.key
        found = self.label.get(language) or self.label.get(language[:2])
        return found or next(iter(self.label.values()), self.key)


@dataclass(frozen=True, slots=True)
class ListEntity:
    name: str
    values: tuple[ListEntry, ...]


@dataclass(frozen=True, slots=True)
class RegexEntity:
    """A regular expression on the raw text. The value is its first group if it has one, else all of the match."""

    name: str
    pattern: str


@dataclass(frozen=True, slots=True)
class SeeEntity:
    """An entity that the SEE service finds."""

    name: str
    model: str
    entity: str


Entity = ListEntity | RegexEntity | SeeEntity

_SIGNS = frozenset("*=()[]{}|@")


def _readable(forms: tuple[str, ...]) -> str:
    """The first form without signs of patterns."""
    return next((form for form in forms if _SIGNS.isdisjoint(form)), "")


def check_regex(pattern: str) -> Any:
    """A compiled regular expression of linear time. Raises `Fault`."""
    import re2  # 3 MB that robots without regular expressions need not hold

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 22
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        detail = error.args[0] if error.args else error
        text = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        raise Fault(
            f"the regular expression is wrong: {text}",
            0,
            "it is RE2: no look-ahead, look-behind or back-references",
        ) from None
    if compiled.fullmatch("") is not None:
        raise Fault(
            "the regular expression matches an empty text", 0, "write '+' for '*', or '{1,3}' for '{0,3}'"
        )
    return compiled
