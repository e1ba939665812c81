"""Templates that a machine reads: addresses, whose values are percent-encoded, and headers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ses.scenario.expressions import CompiledTemplate, _template
from ses.scenario.values import written


def compile_header(source: str, *, language: str = "ru") -> CompiledTemplate:
    """Mixed text where list values print their key, dates ISO, booleans true and false."""
    return _template(source, language, written)


def compile_url(source: str, *, language: str = "ru") -> CompiledTemplate:
    """As `compile_header`, every value percent-encoded: data cannot reach another path or host."""
    return _template(source, language, _encoded)


def _encoded(value: Any, language: str) -> str:
    return quote(written(value, language), safe="")
