"""What a robot names: flows and what begins them, slots, variables, recognised intents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ses.scenario.findings.source import Source
from ses.scenario.program.expressions import Expression, Template, Value
from ses.scenario.program.messages import Message
from ses.scenario.program.operations import Handler, Op


@dataclass(frozen=True, slots=True)
class Trigger:
    """One item of a flow's `on:`."""

    flow: str
    at: Source
    intent: str = ""
    """A declared intent, or the hidden one that the compiler makes of a bare pattern (its name begins with `#`)."""
    command: str = ""
    button: str = ""
    event: str = ""
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class Argument:
    """What a language model gives to a flow that it calls."""

    name: str
    type: str
    """An entity's name, or `text`."""
    about: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A flow as a language model sees it."""

    about: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    name: str
    title: str
    ops: tuple[Op, ...]
    """`needs` first, as `Ask`s; at `start`: a `goto` to a label begins elsewhere."""
    index_of: Mapping[str, int]
    """Index of each operation by its id, labels included."""
    handlers: tuple[Handler, ...]
    """Innermost first."""
    slots: frozenset[str]
    """Slots named in its `needs` and `ask`: what an utterance may fill unasked."""
    triggers: tuple[Trigger, ...] = ()
    within: frozenset[str] = frozenset()
    interruptible: bool = True
    on_fail: int | None = None
    """Index of its `on_fail` steps."""
    derived: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """For each variable set in this flow, the slots it is computed from, through other `set`s too."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """The title by language, where the robot translates it."""
    tool: Tool | None = None
    """It may be called by a language model."""


@dataclass(frozen=True, slots=True)
class Choices:
    items: Expression
    label: Template
    value: Value


@dataclass(frozen=True, slots=True)
class Slot:
    name: str
    title: Mapping[str, str]
    type: str
    """An entity's name, `text`, or empty for a slot with `choices`."""
    ask: Message | None
    choices: Choices | None = None
    check: Expression | None = None
    invalid: Message | None = None
    help: Message | None = None
    retries: int = 2
    many: bool = False
    optional: bool = False
    greedy: bool = False
    interruptible: bool = True
    default: Value | None = None
    keep: Literal["flow", "session", "user"] = "flow"
    private: bool = False
    reads: frozenset[str] = frozenset()
    """Names its `ask`, `check`, `buttons`, `choices` read."""
    question_reads: frozenset[str] = frozenset()
    """Those of them that its question reads: it is cleared when one of them is corrected. What only its `check` reads
    clears it if the check then refuses what stands."""
    on_correct: str = ""
    """Name of the hidden flow that holds its `on_correct` steps."""
    on_fail: str = ""
    """Name of the hidden flow that holds its `on_fail` steps."""


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    default: Any
    keep: Literal["session", "user"] = "session"
    from_page: bool = False


@dataclass(frozen=True, slots=True)
class SmcIntent:
    """An intent that the classifier recognises: class `cls` of `model`."""

    intent: str
    model: str
    cls: str


@dataclass(frozen=True, slots=True)
class LlmIntent:
    """An intent that a language model recognises by its description."""

    intent: str
    about: str
