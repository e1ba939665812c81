"""A compiled robot: what the dialogue engine executes. Immutable, made off the loop by `compile`.

A flow is a flat tuple of operations. Structure (`if`, `switch`, `repeat`, `try`, branches of `menu` and
`confirm`) is lowered to jumps; errors are routed by a table of ranges, so nothing of the nesting has to be
kept in a session. A place is remembered by an operation's `id`, never by its index (the index changes when
the author inserts a line, the id does not).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from ses.scenario.recognition import Recogniser

Scope = Mapping[str, Any]
"""Names an expression may read: variables, slots, data tables, and the engine's own (`user`, `session` …)."""


class Source(NamedTuple):
    """A place in a robot's files. Lines and columns count from 1."""

    file: str
    line: int
    column: int


class Expression(Protocol):
    """A compiled `if`, `check`, lone `{{ }}` …: the value itself, with its type."""

    source: str
    names: frozenset[str]
    """Top-level names it reads."""

    def evaluate(self, scope: Scope) -> Any:
        """The value. Raises `StepError("value", …)` when it cannot be computed."""
        ...


class Template(Protocol):
    """A compiled text with `{{ }}` for a reader: list values print their label, dates as people write them."""

    source: str
    names: frozenset[str]
    constant: str | None
    """The whole text when nothing in it varies."""

    def render(self, scope: Scope) -> str: ...


class Value(Protocol):
    """A compiled piece of data (for `set`, `args`, `json` …): maps and lists of constants, templates and
    expressions. Inside mixed text list values print their key, dates as ISO."""

    names: frozenset[str]

    def evaluate(self, scope: Scope) -> Any: ...


# --- what the robot says ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ButtonSpec:
    """A button as its author wrote it."""

    text: Template
    value: Value | None = None
    flow: str | None = None
    args: Mapping[str, Value] = field(default_factory=dict)
    url: Template | None = None
    request: Literal["", "phone", "location"] = ""
    condition: Expression | None = None
    texts: Mapping[str, Template] = field(default_factory=dict)
    """The label by language, where the robot translates it; `text` is the one of its first language."""


@dataclass(frozen=True, slots=True)
class MediaSpec:
    kind: Literal["image", "file", "audio"]
    path: Template
    """A file below the robot's folder, or a URL."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one `say`, question or engine text says. `variants` are used in turn, not repeating."""

    variants: Mapping[str, tuple[Template, ...]]
    """By language; `""` holds the text of a robot that does not translate."""
    buttons: tuple[ButtonSpec, ...] = ()
    offer_choices: bool = False
    """`buttons: choices`: the entity's values or the slot's `choices` become buttons."""
    media: tuple[MediaSpec, ...] = ()
    voice: bool | None = None
    """Spoken too; none: as the robot does it."""
    format: Literal["plain", "markdown"] = "plain"
    channels: Mapping[str, Message] = field(default_factory=dict)
    """What replaces it in some channels."""


# --- operations ------------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Http(Op):
    method: str
    url: Template
    """Values in it are percent-encoded."""
    json: Value | None = None
    form: Mapping[str, Value] | None = None
    headers: Mapping[str, Template] = field(default_factory=dict)
    timeout: float = 10.0
    retry: int = 0
    save: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallService(Op):
    """A step `smc`, `see` or `qas`. `text` absent: the utterance of the turn."""

    service: Literal["smc", "see", "qas"]
    model: str = ""
    category: str = ""
    text: Value | None = None
    save: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sbs(Op):
    """Ask about a voice. `voice` absent: the recording of the turn's message."""

    method: Literal["analyze", "search", "noiselevel"]
    voice: Value | None = None
    dataset: Template | None = None
    threshold: float = 0.5
    text: Template | None = None
    similarity: float | None = None
    save: str = ""


class Option(NamedTuple):
    """What a model may choose: `key` is what is kept, `text` what is said; without one the key is the text."""

    key: str
    text: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(Op):
    """Say something in another conversation with this robot."""

    to: Template
    """A person (`telegram:123`), a phone (`+79130000000`) or a session's id."""
    connector: str = ""
    """Only there: a name or a kind."""
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Llm(Op):
    """Ask the language model. `prompt` absent: the utterance of the turn."""

    prompt: Template | None = None
    system: Template | None = None
    history: int = 0
    """Earlier messages of the conversation that it sees."""
    options: tuple[Option, ...] = ()
    """It answers with one of these."""
    tools: tuple[str, ...] = ()
    """Flows it may call before it answers."""
    route: tuple[str, ...] = ()
    """Flows of which it picks one, where the conversation goes on; or none."""
    fill: tuple[str, ...] = ()
    """Slots that get a value by its answer."""
    form: Mapping[str, Any] | None = None
    """The JSON Schema its answer fits."""
    stream: bool = False
    max_tokens: int | None = None
    temperature: float = 0.2
    timeout: float = 30.0
    private: bool = False
    """It may see private values."""
    abort_on_input: bool = False
    save: str = ""


class Handler(NamedTuple):
    """An error of an operation in `start <= index < end` goes on at `target` (`on_error`, `catch`)."""

    start: int
    end: int
    target: int


# --- definitions -----------------------------------------------------------------------------------------


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
    places: Mapping[str, int]
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
    """Names its `ask`, `check`, `buttons`, `choices` read: it is cleared when one of them is corrected."""
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
class SessionSettings:
    """Times in seconds."""

    idle: float = 1800.0
    expire: float = 30 * 86400.0
    burst: float = 0.0
    on_update: Literal["pin", "move"] = "pin"
    quiet: tuple[int, int] | None = None
    """Minutes since midnight from which and to which the robot does not write first, in the user's time zone."""
    margin: float = 0.05
    threshold: float = 0.5
    sure: float = 0.8


@dataclass(frozen=True, slots=True)
class QasSettings:
    categories: tuple[str, ...] = ()
    threshold: float = 0.6


@dataclass(frozen=True, slots=True)
class Recognition:
    """What the recogniser of speech is asked."""

    model: str
    speakers: bool = False
    emotion: bool = False
    vad: str = ""
    preset: str = ""
    asynchronous: bool | None = None
    """Recognised by `async=1`; none: when the recording is long."""


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """How a robot hears and speaks."""

    spr: Recognition | None = None
    """None: voice messages are files like others."""
    traits: bool = False
    """Something reads what only SBS tells of a voice (`message.voice.age` …)."""
    tts: str = ""
    """The voice of spoken messages; empty: the service's own."""
    answer: Literal["never", "when_spoken", "always"] = "never"


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


@dataclass(frozen=True, slots=True)
class Program:
    """A robot of one version."""

    id: str
    title: str
    version: str
    """Hash of its files."""
    language: str
    languages: tuple[str, ...]
    timezone: str
    session: SessionSettings
    variables: Mapping[str, Variable]
    slots: Mapping[str, Slot]
    flows: Mapping[str, Flow]
    """Hidden ones too (steps under `events:`, `fallback`, `on_correct` …); their names begin with `#`."""
    data: Mapping[str, Any]
    texts: Mapping[str, Message]
    """The robot's and the engine's (`ses.*`), every one in every language of the robot."""
    events: Mapping[str, str]
    """Built-in event, or `event@channel`, to the flow that handles it; `fallback` stands apart."""
    fallback: Mapping[str, tuple[str, ...]]
    """The ladder's flows, by channel; `""` for all."""
    by_intent: Mapping[str, tuple[Trigger, ...]]
    by_command: Mapping[str, tuple[Trigger, ...]]
    by_button: Mapping[str, tuple[Trigger, ...]]
    """By the folded label."""
    by_event: Mapping[str, tuple[Trigger, ...]]
    smc_intents: tuple[SmcIntent, ...]
    recogniser: Recogniser
    llm_intents: tuple[LlmIntent, ...] = ()
    intents: frozenset[str] = frozenset()
    """The intents its author declared; one of the name of a built-in intent replaces that one's phrases."""
    qas: QasSettings | None = None
    media: frozenset[str] = frozenset()
    """Files below the robot's folder that may be sent."""
    voice: VoiceSettings = VoiceSettings()

    def at_event(self, event: str, channel: str) -> str | None:
        """The flow that handles a built-in event in a channel."""
        return self.events.get(f"{event}@{channel}") or self.events.get(event)
