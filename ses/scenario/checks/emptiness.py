"""Uses of a saved value that an `on_error` can leave empty."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ses.scenario.checks.expressions import expressions_of
from ses.scenario.checks.graph import recovery_of, within_flow
from ses.scenario.compiling.pieces import Checked
from ses.scenario.compiling.robot import Compiled
from ses.scenario.findings.report import Report
from ses.scenario.findings.source import Source
from ses.scenario.program.calls import CallService, Http, Llm, Sbs
from ses.scenario.program.definitions import Flow
from ses.scenario.program.operations import CallFlow, Op, Test

_FIELD = re.compile(r"(?<![\w.'\"])([^\W\d]\w*)\.\w+")
_GUARD = re.compile(r"\b(if|and|or)\b")


def check_emptiness(compiled: Compiled, report: Report) -> None:
    """After an `on_error` that does not leave, `save` is none; a field of none is an error when the robot runs."""
    fields = _fields_by_position(compiled)
    for flow in compiled.flows.values():
        for index, op in enumerate(flow.ops):
            save = _saved(op)
            if not save:
                continue
            for target in recovery_of(flow, index):
                for use in _uses(flow, target, save):
                    _report(save, op, use, fields, report)


def _saved(op: Op) -> str:
    return op.save if isinstance(op, Http | CallService | Sbs | CallFlow | Llm) else ""


def _uses(flow: Flow, start: int, name: str) -> Iterator[Op]:
    """Operations reached with the name empty. A test of the name settles it, one way or the other."""
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        index = waiting.pop()
        if index in seen:
            continue
        seen.add(index)
        op = flow.ops[index]
        if name in op.reads:
            yield op
            if isinstance(op, Test):
                continue
        if name in op.writes:
            continue
        waiting += list(within_flow(flow, index))


def _fields_by_position(compiled: Compiled) -> dict[str, list[tuple[Source, str, Checked]]]:
    """Where a field of each name is read without a guard in the same expression."""
    found: dict[str, list[tuple[Source, str, Checked]]] = {}
    for checked in compiled.pieces.checked:
        for start, source in expressions_of(checked):
            if _GUARD.search(source):
                continue
            for match in _FIELD.finditer(source):
                position = checked.node.position(start + match.start())
                found.setdefault(match[1], []).append((position, match[0], checked))
    return found


def _report(
    save: str, call: Op, use: Op, fields: dict[str, list[tuple[Source, str, Checked]]], report: Report
) -> None:
    for position, written, checked in fields.get(save, ()):
        if checked.owner is use.at or checked.owner == use.at:
            report.error(
                "maybe-empty", position, f"`{save}` is empty here when the call on line {call.at.line} failed",
                suggestion=f"leave in its `on_error` (end, goto), or test `{save}` first", also=call.at,
                length=len(written),
            )  # fmt: skip
