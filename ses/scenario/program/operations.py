"""The operations of a flow that stay in the conversation: words, questions, values, jumps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ses.scenario.findings.source import Source
from ses.scenario.program.expressions import Expression, Template, Value
from ses.scenario.program.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One operation. `id` is its stable name: its `label`, else FLOW.SLOT, FLOW.confirm, FLOW.menu, FLOW.KIND,
    with `.2`, `.3` … when repeated in its flow."""

    id: str
    at: Source
    reads: frozenset[str] = frozenset()
    """Slots and variables it reads, directly; a correction goes back to the earliest such step."""
    writes: frozenset[str] = frozenset()
    """Variables and slots it sets."""
    effect: bool = False
    """It changes the world outside (`http` but GET …): a correction does not go back over it."""
    leaves: bool = False
    """It leaves the process: the turn commits a leg before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say(Op):
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Op):
    """Ask for one slot unless it is known. Lists and `needs` are lowered to several."""

    slot: str
    again: bool = False
    question: Message | None = None
    """Replaces the slot's own question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(Op):
    """`yes` goes on at the next operation; `no` jumps (the branch ends the activity unless it leaves); without
    `no` the engine asks what to change."""

    message: Message
    no: int | None = None


@dataclass(frozen=True, slots=True)
class MenuItem:
    text: Template
    patterns: tuple[int, ...]
    """Indices into `Program.patterns` of its `is:`."""
    target: int
    condition: Expression | None = None
    texts: Mapping[str, Template] = field(default_factory=dict)
    """The label by language, as in `ButtonSpec`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu(Op):
    message: Message
    items: tuple[MenuItem, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    name: str
    action: Literal["value", "add", "append", "remove"]
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Set(Op):
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unset(Op):
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Test(Op):
    """Goes on at the next operation if true, else at `otherwise`."""

    condition: Expression
    otherwise: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump(Op):
    target: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopStart(Op):
    """Begins `repeat: each` (`items`) or `repeat: times`; the `LoopNext` that follows it takes each turn."""

    items: Value | None
    times: Value | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopNext(Op):
    """Takes the next item of the loop begun at `start` into `name`, or goes on at `end`."""

    start: str
    """The `id` of the LoopStart: the loop's state is kept in the frame under it."""
    name: str
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFlow(Op):
    flow: str
    args: Mapping[str, Value] = field(default_factory=dict)
    save: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GotoFlow(Op):
    """Replaces the flow of the top frame; its slots are kept."""

    flow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Op):
    """Ends the activity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Return(Op):
    """Pops the frame. Every flow's last operation is one."""

    value: Value | None = None


class Handler(NamedTuple):
    """An error of an operation in `start <= index < end` goes on at `target` (`on_error`, `catch`)."""

    start: int
    end: int
    target: int
