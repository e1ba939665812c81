"""Addresses of `http` steps and buttons: every value in them is percent-encoded."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ses.scenario.expressions.compiled import CompiledTemplate, compile_shown
from ses.scenario.values.values import written


def compile_url(source: str, *, language: str = "ru") -> CompiledTemplate:
    """A template whose values cannot reach another path or host; list values as keys, dates ISO."""
    return compile_shown(source, language, _encoded)


def _encoded(value: Any, language: str) -> str:
    return quote(written(value, language), safe="")
