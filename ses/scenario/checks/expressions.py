"""Fields that cannot exist, keys a list does not have, and comparisons of what cannot be compared."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ses.scenario.checks.types import known_types, type_of_slot
from ses.scenario.compiling.pieces import Checked
from ses.scenario.compiling.robot import Compiled
from ses.scenario.expressions.inference import ANY, Type, TypeProblem, infer
from ses.scenario.findings.fault import Fault
from ses.scenario.findings.report import Report

_BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NEVER_FALSE = frozenset({"text", "number", "date", "time", "datetime", "duration", "choice"})


def check_expressions(compiled: Compiled, report: Report) -> None:
    """Infer the type of every expression; what cannot go well is an error."""
    types = known_types(compiled)
    for checked in compiled.pieces.checked:
        extra: dict[str, Type] = {"item": ANY}
        if checked.slot in compiled.slots:
            extra["value"] = type_of_slot(compiled, compiled.slots[checked.slot])
        for offset, source in expressions_of(checked):
            found = _infer(offset, source, checked, {**types, **extra}, report)
            if found is not None and checked.role == "check" and found.kind in _NEVER_FALSE:
                report.error("wrong-type", checked.node.at, "a `check` says true or false, this one is a value",
                             suggestion=f"value == {source.strip()}", length=len(checked.node.text))  # fmt: skip


def expressions_of(checked: Checked) -> Iterator[tuple[int, str]]:
    """(offset in the text, source) of each expression."""
    if checked.bare:
        yield 0, checked.node.text
        return
    for match in _BRACES.finditer(checked.node.text):
        yield match.start(1), match[1]


def _infer(offset: int, source: str, checked: Checked, types: dict[str, Type], report: Report) -> Type | None:
    try:
        return infer(source, types)
    except TypeProblem as problem:
        position = checked.node.position(offset + problem.offset)
        code = (
            "unknown-field"
            if "field" in problem.message and "no" in problem.message.split()
            else "wrong-type"
        )
        report.error(code, position, problem.message, suggestion=problem.remedy)
    except Fault:  # a text in braces that holds braces itself: it compiled, so it is no fault of its author's
        pass
    return None
