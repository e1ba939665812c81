"""The condition of one case of a `switch`."""

from __future__ import annotations

from ses.scenario.compiling.pieces import Pieces
from ses.scenario.findings.fault import Fault
from ses.scenario.program.expressions import Expression
from ses.scenario.reading.nodes import resolve


def case_condition(pieces: Pieces, source: str, key: str) -> Expression:
    """True when the value equals the key; `1:` fits the number and the text, `true:` the boolean and the text."""
    source = source.strip()
    if source.startswith("{{") and source.endswith("}}"):
        source = source[2:-2]
    value = resolve(key)
    text = "'" + key.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
    literal = text
    if value is None or isinstance(value, bool):
        literal = str(value).lower()
    elif not isinstance(value, str):
        literal = str(value)
    try:
        if literal == text:
            return pieces.derived(f"({source}) == {text}")
        return pieces.derived(f"({source}) in [{literal}, {text}]")
    except Fault:
        return pieces.failed
