"""Values written in steps that the slot or the list they are for does not have."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ses.scenario.checks.types import known_types, of_data, type_of_slot
from ses.scenario.compiling.names import parts_of
from ses.scenario.compiling.robot import Compiled, good
from ses.scenario.expressions.inference import Type, infer
from ses.scenario.findings.fault import Fault
from ses.scenario.findings.report import Report
from ses.scenario.findings.source import Source
from ses.scenario.findings.suggestions import did_you_mean
from ses.scenario.models.scalars import Data
from ses.scenario.models.steps.assignments import SetStep
from ses.scenario.models.steps.branches import Cases, SwitchStep
from ses.scenario.reading.nodes import Scalar

_WRITTEN = {
    "date": (re.compile(r"\d{4}-\d\d-\d\d"), "2026-11-22"),
    "time": (re.compile(r"\d\d:\d\d"), "18:30"),
    "datetime": (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?"), "2026-11-22T18:30"),
}
"""Constants of the kinds that YAML has no form for."""
_COMPARED = frozenset({"text", "number", "boolean"})


def check_values(compiled: Compiled, report: Report) -> None:
    """Constants in `set`, `default` and the cases of a `switch`."""
    types = known_types(compiled)
    for part in parts_of(compiled.robot):
        if isinstance(part, SetStep):
            for name, data in part.set.values.items():
                if name in compiled.slots:
                    _check_constant(name, data, type_of_slot(compiled, compiled.slots[name]), report)
        elif isinstance(part, SwitchStep):
            _check_cases(part, types, report)
    for name, model in good(compiled.robot.slots).items():
        if model.default is not None:
            _check_constant(name, model.default, type_of_slot(compiled, compiled.slots[name]), report)


def _check_constant(slot: str, data: Data, kind: Type, report: Report) -> None:
    node = data.node
    if not isinstance(node, Scalar) or "{{" in node.text or node.value() is None:
        return
    if kind.kind == "choice" and kind.keys is not None:
        _check_key(node.text, kind.keys, node.at, report)
        return
    if kind.kind in _WRITTEN and not _WRITTEN[kind.kind][0].fullmatch(node.text):
        report.error(
            "wrong-type", node.at, f"the slot `{slot}` holds a {kind.kind}, written like `{_WRITTEN[kind.kind][1]}`",
            suggestion='"{{ today() }}"' if kind.kind == "date" else "", length=len(node.text),
        )  # fmt: skip
        return
    given = of_data(node.value()).kind
    if kind.kind in _COMPARED and given in _COMPARED and kind.kind not in (given, "text"):
        report.error(
            "wrong-type",
            node.at,
            f"the slot `{slot}` holds a {kind.kind}, this is a {given}",
            length=len(node.text),
        )


def _check_cases(step: SwitchStep, types: Mapping[str, Type], report: Report) -> None:
    try:
        kind = infer(str(step.switch), types)
    except Fault:
        return
    if kind.kind == "choice" and kind.keys is not None and isinstance(step.cases, Cases):
        for key in step.cases:
            _check_key(key, kind.keys, step.cases.positions[key], report)


def _check_key(key: str, keys: frozenset[str], at: Source, report: Report) -> None:
    if key not in keys:
        report.error(
            "unknown-value", at, f"the list has no value `{key}`",
            suggestion=did_you_mean(key, keys) or "its values: " + ", ".join(sorted(keys)), length=len(key),
        )  # fmt: skip
