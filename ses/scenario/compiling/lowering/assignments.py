"""Steps that give names a value."""

from __future__ import annotations

from typing import Any

from ses.scenario.compiling.lowering.assembly import Assembly
from ses.scenario.findings.source import Source
from ses.scenario.findings.suggestions import did_you_mean
from ses.scenario.models.scalars import RESERVED, Data
from ses.scenario.models.steps.assignments import SetStep, UnsetStep
from ses.scenario.program.operations import Assignment, Set, Unset
from ses.scenario.reading.nodes import Map

_OPERATIONS = ("add", "append", "remove")


class Assignments(Assembly):
    """`set` and `unset`."""

    def _set(self, step: SetStep, at: Source) -> None:
        assignments: list[Assignment] = []
        for name, data in step.set.values.items():
            self._check_target(name, step.set.positions[name])
            action: Any = "value"
            operand = data
            if isinstance(data.node, Map) and len(data.node) == 1 and next(iter(data.node)) in _OPERATIONS:
                ((action, node),) = data.node.items()
                operand = Data(node)
            assignments.append(Assignment(name, action, self._pieces.value(operand)))
        reads = self._kept(*(one.value for one in assignments))
        reads |= {one.name for one in assignments if one.action != "value"}
        self._emit(
            Set(
                id=self._id("set"), at=at, assignments=tuple(assignments), reads=reads,
                writes=frozenset(one.name for one in assignments),
            )
        )  # fmt: skip

    def _check_target(self, name: str, at: Source) -> None:
        names = self._pieces.names
        if name in names.tables:
            self._report.error(
                "read-only", at, f"`{name}` is a table of `data:`, tables are only read", length=len(name)
            )
        elif not name.isidentifier() or name in RESERVED:
            self._report.error("bad-name", at, f"`{name}` is not a name that steps may set", length=len(name))

    def _unset(self, step: UnsetStep, at: Source) -> None:
        known = self._pieces.names.kept
        for name in step.unset:
            if name not in known:
                self._report.error("unknown-name", name.at, f"`{name}` is no slot or variable of this robot",
                                   suggestion=did_you_mean(name, known), length=len(name))  # fmt: skip
        names = tuple(str(name) for name in step.unset)
        self._emit(Unset(id=self._id("unset"), at=at, names=names, writes=frozenset(names)))
