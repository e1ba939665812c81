"""Operations of a flow in the making: jump targets not yet known, ids that stay, the finished tuple."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ses.scenario.compiling.pieces import Pieces
from ses.scenario.compiling.speech import Speech
from ses.scenario.findings.source import Source
from ses.scenario.models.base_model import ScenarioModel
from ses.scenario.models.messages import Spoken
from ses.scenario.models.scalars import Expr, Text
from ses.scenario.program.expressions import Expression, Template, Value
from ses.scenario.program.messages import Message
from ses.scenario.program.operations import (
    Confirm,
    End,
    GotoFlow,
    Handler,
    Jump,
    LoopNext,
    Menu,
    Op,
    Return,
    Test,
)

_LEAVING = (End, Return, GotoFlow, Jump)


@dataclass(slots=True)
class Lowered:
    """The operations of one flow."""

    ops: tuple[Op, ...]
    index_of: dict[str, int]
    handlers: tuple[Handler, ...]
    asked: frozenset[str]
    on_fail: int | None = None


@dataclass(slots=True)
class Context:
    """What lowering needs to know of the robot."""

    pieces: Pieces
    speech: Speech
    flows: frozenset[str]
    slots: dict[str, frozenset[str]]
    """Each slot with the names its question, check and choices read."""
    pattern: Callable[[Text], int]
    """Enters a pattern into the robot's list; its number."""
    called: list[tuple[str, str, Source]] = field(default_factory=list)
    """(from, to, position) of every `call` and `goto` between flows."""


class Assembly:
    """What lowering writes into. Jump targets are negative numbers until `finish` knows the indexes."""

    def __init__(self, name: str, context: Context) -> None:
        self._name = name
        self._context = context
        self._pieces = context.pieces
        self._report = context.pieces.report
        self._ops: list[Op] = []
        self._targets: list[int] = []
        self._labels: dict[str, int] = {}
        self._label_positions: dict[str, Source] = {}
        self._handlers: list[Handler] = []
        self._ids: Counter[str] = Counter()
        self._asked: set[str] = set()
        self._pending_label = ""

    def _new_target(self) -> int:
        self._targets.append(-1)
        return -len(self._targets)

    def _bind(self, target: int) -> None:
        self._targets[-target - 1] = len(self._ops)

    def _id(self, kind: str) -> str:
        if self._pending_label:
            label, self._pending_label = self._pending_label, ""
            return label
        base = f"{self._name}.{kind}"
        self._ids[base] += 1
        return base if self._ids[base] == 1 else f"{base}.{self._ids[base]}"

    def _emit(self, op: Op) -> None:
        self._ops.append(op)

    def _kept(self, *compiled: Expression | Template | Value | None) -> frozenset[str]:
        names: set[str] = set()
        for one in compiled:
            if one is not None:
                names |= one.names
        return frozenset(names) & self._pieces.names.kept

    def collect_labels(self, steps: Sequence[Any]) -> None:
        """Every label of the flow, before the first `goto` is lowered."""
        for step in labelled_steps(steps):
            label = str(step.label)
            if label in self._labels:
                self._report.error(
                    "duplicate-name", step.label.at,
                    f"the label `{label}` stands twice in this flow, first on line {self._label_positions[label].line}",
                    also=self._label_positions[label], length=len(label),
                )  # fmt: skip
                continue
            self._labels[label] = self._new_target()
            self._label_positions[label] = step.label.at

    def finish(self, at: Source, on_fail: Sequence[Any] | None = None) -> Lowered:
        """The last `return`, and every target as an index."""
        self._emit(Return(id=self._id("return"), at=at))
        fail_target = None
        if on_fail is not None:
            fail_target = self._new_target()
            self._bind(fail_target)
            self.steps(on_fail)
            self._emit(End(id=self._id("end"), at=at))
            self._emit(Return(id=self._id("return"), at=at))
        ops = tuple(self._resolved(op) for op in self._ops)
        index_of: dict[str, int] = {}
        for index, op in enumerate(ops):
            index_of.setdefault(op.id, index)
        for label, target in self._labels.items():
            index_of[label] = self._index(target)
        handlers = tuple(
            Handler(self._index(one.start), self._index(one.end), self._index(one.target))
            for one in self._handlers
        )
        return Lowered(
            ops,
            index_of,
            handlers,
            frozenset(self._asked),
            self._index(fail_target) if fail_target is not None else None,
        )

    def _index(self, target: int) -> int:
        index = self._targets[-target - 1]
        return index if index >= 0 else len(self._ops) - 1

    def _resolved(self, op: Op) -> Op:
        match op:
            case Test():
                return replace(op, otherwise=self._index(op.otherwise))
            case Jump():
                return replace(op, target=self._index(op.target))
            case LoopNext():
                return replace(op, end=self._index(op.end))
            case Confirm() if op.no is not None:
                return replace(op, no=self._index(op.no))
            case Menu():
                return replace(
                    op, items=tuple(replace(item, target=self._index(item.target)) for item in op.items)
                )
        return op

    def _jump(self, target: int, at: Source) -> None:
        if self._ops and isinstance(self._ops[-1], _LEAVING) and len(self._ops) not in self._targets:
            return
        self._emit(Jump(id=self._id("jump"), at=at, target=target))

    def _test(self, condition: Expr, otherwise: int, at: Source, compiled: Expression | None = None) -> None:
        self._pieces.owner = at
        expression = compiled or self._pieces.condition(condition)
        self._emit(
            Test(
                id=self._id("if"),
                at=at,
                condition=expression,
                otherwise=otherwise,
                reads=self._kept(expression),
            )
        )

    def _message_reads(self, message: Message) -> frozenset[str]:
        return message_names(message) & self._pieces.names.kept

    def steps(self, steps: Sequence[Any]) -> None:
        """Lower steps; `Lowering` knows how."""
        raise NotImplementedError


def labelled_steps(steps: Any) -> list[Any]:
    """Every step of a flow that has a label, inside others too."""
    found: list[Any] = []
    if isinstance(steps, list | tuple):
        for item in steps:
            found += labelled_steps(item)
    elif isinstance(steps, dict):
        for item in steps.values():
            found += labelled_steps(item)
    elif isinstance(steps, ScenarioModel):
        if getattr(steps, "label", None) is not None and not isinstance(steps, Spoken):
            found.append(steps)
        for name in type(steps).model_fields:
            found += labelled_steps(getattr(steps, name))
    return found


def message_names(message: Message) -> frozenset[str]:
    """Every name that a message reads."""
    names: set[str] = set()
    for texts in message.variants.values():
        for text in texts:
            names |= text.names
    for button in message.buttons:
        names |= button.text.names
        for label in button.texts.values():
            names |= label.names
        for part in (button.value, button.url, button.condition, *button.args.values()):
            if part is not None:
                names |= part.names
    for media in message.media:
        names |= media.path.names
    for other in message.channels.values():
        names |= message_names(other)
    return frozenset(names)
