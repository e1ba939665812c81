"""What the tests of a robot reached: steps, branches of its decisions, triggers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ses.scenario.findings.source import Source
from ses.scenario.program.definitions import Flow, Trigger
from ses.scenario.program.operations import Confirm, Jump, LoopNext, Menu, Op, Test
from ses.scenario.program.robot import Program

Kind = Literal["steps", "branches", "triggers"]
KINDS: tuple[Kind, ...] = ("steps", "branches", "triggers")


@dataclass(frozen=True, slots=True, order=True)
class Unreached:
    """Something no test reached."""

    at: Source
    kind: Kind
    what: str
    """As a person reads it: `say`, `if is never false`, `button Меню`."""


@dataclass(frozen=True, slots=True)
class Share:
    """How much of one kind was reached."""

    reached: int
    total: int

    @property
    def percent(self) -> float:
        return 100.0 * self.reached / self.total if self.total else 100.0


Key = tuple[Any, ...]


class Coverage:
    """Collects over all dialogues of one robot."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._last: dict[str, int] = {}
        """The index of the operation each flow ran last in the dialogue at hand."""
        self._all: dict[Key, Unreached] = {}
        self._reached: set[Key] = set()
        for flow in program.flows.values():
            for key, unreached in _countable(flow):
                self._all.setdefault(key, unreached)

    def begin(self) -> None:
        """Another dialogue begins: nothing is under way."""
        self._last = {}

    def add(self, trace: Mapping[str, Any]) -> None:
        """Count what a turn did (`Leg.trace`)."""
        for name, operation in trace.get("steps", ()):
            flow = self._program.flows.get(name)
            index = flow.index_of.get(operation) if flow is not None else None
            if flow is None or index is None:
                continue
            before = self._last.get(name)
            if before is not None:
                self._reached.add(("branch", name, flow.ops[before].id, index))
            self._reached.add(("step", name, flow.ops[index].at))
            self._last[name] = index
        for trigger in trace.get("triggers", ()):
            self._reached.add(_trigger_key(trigger["flow"], trigger["line"], trigger))

    def share(self, kind: Kind) -> Share:
        of_kind = [key for key, unreached in self._all.items() if unreached.kind == kind]
        return Share(sum(key in self._reached for key in of_kind), len(of_kind))

    @property
    def unreached(self) -> list[Unreached]:
        """In the order of their positions."""
        return sorted(unreached for key, unreached in self._all.items() if key not in self._reached)


def _countable(flow: Flow) -> Iterable[tuple[Key, Unreached]]:
    """What an author wrote of a flow, by the key under which reaching it is noted."""
    for index, op in enumerate(flow.ops):
        if isinstance(op, Test):
            yield _branch(flow, op, index + 1, "the condition is never true")
            yield _branch(flow, op, op.otherwise, "the condition is never false")
        elif not isinstance(op, Jump | LoopNext) and index < len(flow.ops) - 1:
            # Two operations of one position are one step: `confirm` and the `end` that follows its `no:`.
            yield ("step", flow.name, op.at), Unreached(op.at, "steps", type(op).__name__.lower())
        if isinstance(op, Confirm):
            yield _branch(flow, op, index + 1, "never answered with yes")
            if op.no is not None:
                yield _branch(flow, op, op.no, "never answered with no")
        if isinstance(op, Menu):
            for item in op.items:
                label = item.text.constant or item.text.source
                yield _branch(flow, op, item.target, f"«{label}» is never chosen")
    for trigger in flow.triggers:
        key = _trigger_key(flow.name, f"{trigger.at.file}:{trigger.at.line}", _by(trigger))
        yield key, Unreached(trigger.at, "triggers", " ".join(*_by(trigger).items()))


def _branch(flow: Flow, op: Op, target: int, what: str) -> tuple[Key, Unreached]:
    return ("branch", flow.name, op.id, target), Unreached(op.at, "branches", what)


def _by(trigger: Trigger) -> dict[str, str]:
    kinds = ("intent", "command", "button", "event")
    return {kind: name for kind in kinds if (name := getattr(trigger, kind))}


def _trigger_key(flow: str, line: str, by: Mapping[str, str]) -> Key:
    return ("trigger", flow, line, *(by.get(kind, "") for kind in ("intent", "command", "button", "event")))
