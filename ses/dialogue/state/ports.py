"""What a turn needs of others, as small protocols; the pipeline and `ses test` supply them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeVar

from ses.clock import Clock
from ses.dialogue.state.session import Session, VoiceMessage
from ses.messages import Attachment, Conversation, Delta, Inbound, Outgoing
from ses.scenario.program.settings import VoiceSettings
from ses.services.answers import Answer, ClassScore, FoundEntity, HttpReply, HttpRequest

if TYPE_CHECKING:  # a robot without `llm` steps does not pay for them
    from ses.llm.answers import ChatAnswer, ChatChunk
    from ses.llm.requests import ChatRequest

T = TypeVar("T")


class Services(Protocol):
    """Calls that leave the process. Each raises `StepError` when the service fails."""

    async def classify(self, model: str, text: str) -> Sequence[ClassScore]: ...

    async def extract(self, model: str, text: str) -> Sequence[FoundEntity]: ...

    async def ask(self, text: str, category: str, channel: str) -> Answer | None:
        """The best answer, or none when the FAQ has nothing."""
        ...

    async def http(self, request: HttpRequest) -> HttpReply: ...


class Model(Protocol):
    """The language model: what a turn uses of `ses.llm.contract.Engine`. Only `EngineError`s come out; leaving a call
    or closing a stream ends the generation."""

    async def chat(self, request: ChatRequest) -> ChatAnswer: ...

    def stream_chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]: ...


@dataclass(frozen=True, slots=True)
class BiometryRequest:
    """What SBS, voice biometry, is asked; all but `method` belongs to `search`."""

    method: Literal["analyze", "search", "noiselevel"]
    dataset: str = ""
    threshold: float = 0.5
    text: str = ""
    similarity: float | None = None


class Voices(Protocol):
    """Speech: recordings transcribed, examined and synthesised. Each raises `StepError`: of service `audio` when the recording itself is at fault
    (malformed: it is none; value: too long), else as the service does."""

    async def transcribe(
        self, conversation: Conversation, recording: Attachment, settings: VoiceSettings, *, keep: float
    ) -> VoiceMessage:
        """The transcript of a recording that came, and its speaker if the settings ask that. It is kept so many seconds."""
        ...

    async def biometry(self, conversation: Conversation, media: str, question: BiometryRequest) -> Any:
        """analyze `{age: {class, confidence}, gender, emotion, multispeaker, synth}`, search a list as SBS has it,
        noiselevel a number."""
        ...

    async def synthesise(
        self, conversation: Conversation, text: str, voice: str, *, keep: float
    ) -> Attachment | None:
        """The text as a voice message; none in a channel where nobody can listen to it."""
        ...


class Link(NamedTuple):
    """Where a link comes from, by which a conversation goes on in another channel."""

    connector: str
    session: str
    robot: str
    to: str
    """The connector it leads to."""
    expires: float


class Address(NamedTuple):
    """A conversation with this robot that is, or that may be begun."""

    connector: str
    session: str
    user: str = ""
    variables: Mapping[str, Any] = {}
    """With which it begins."""


class HistoryMessage(NamedTuple):
    """An earlier message of a conversation, private values as ‹slot›."""

    sender: Literal["user", "robot"]
    text: str


class CrossConversation(NamedTuple):
    """What a leg does in other conversations; it is durable with it, or does not happen."""

    inbounds: tuple[Inbound, ...] = ()
    """What comes of it in other conversations."""
    join: tuple[str, str] | None = None
    """Two names of one person from now on; the values of the first one's person go before."""
    spent: bytes | None = None
    """The hash of a link that is used up."""


NOTHING_ELSEWHERE = CrossConversation()


@dataclass(slots=True)
class Leg:
    """A part of a turn that becomes durable at once. The last one of a turn is `final`."""

    session: Session
    """As it stands at the end of this leg. The receiver encodes it before it returns to the engine."""
    outgoing: Sequence[Outgoing] = ()
    """What was said since the previous leg."""
    final: bool = True
    user_variables: Mapping[str, Any] = field(default_factory=dict)
    """Values of `keep: user` names written since the previous leg; `Increment` for an atomic addition."""
    masked: Mapping[str, str] = field(default_factory=dict)
    """On the final leg: by inbound id, its text with private spans as ‹slot›, when it differs from what was received. Its
    attachments are private too."""
    voices: Mapping[str, VoiceMessage] = field(default_factory=dict)
    """On the final leg: transcripts of recordings, by inbound."""
    make_trace: Callable[[], dict[str, Any]] | None = None
    """On the final leg: what makes `trace`. Most traces are never read: they are made for those who ask."""
    elsewhere: CrossConversation = NOTHING_ELSEWHERE
    keep_trace: bool = False
    """On the final leg: the trace lists calls of services or steps that failed, and is kept for the log."""
    errors: Sequence[Mapping[str, Any]] = ()
    """On the final leg: the steps that failed, as `Trace` lists them."""
    session_ended: bool = False
    """On the final leg: the session has ended (event `end`), nothing of it but its numbers is left."""
    _trace: dict[str, Any] | None = field(default=None, init=False, repr=False)

    @property
    def trace(self) -> dict[str, Any] | None:
        """On the final leg: what was understood and run, for `/ses/ask`, logs and `ses why`."""
        if self._trace is None and self.make_trace is not None:
            self._trace = self.make_trace()
        return self._trace


@dataclass(frozen=True, slots=True)
class Increment:
    by: float


class Ports(Protocol):
    """Given to each turn."""

    @property
    def clock(self) -> Clock: ...

    @property
    def services(self) -> Services: ...

    @property
    def model(self) -> Model | None:
        """None when there is no language model."""
        ...

    @property
    def voices(self) -> Voices | None:
        """None where nobody speaks or listens (the terminal)."""
        ...

    async def commit(self, leg: Leg) -> None:
        """Make a leg that is not final durable and send its messages; returns when both are certain to happen."""
        ...

    async def link(self, hash_: bytes) -> Link | None:
        """The link of that hash, until it is used."""
        ...

    async def address(self, to: str, connector: str) -> Address:
        """Where somebody is written to: a person, a phone or a session's id; with `connector` only there. Raises
        `StepError`, kind `denied` with a status: 404 unknown, 409 not to be disclosed, 410 has blocked the robot; or
        `connect`: it cannot be found out now."""
        ...

    async def offload(self, work: Callable[[], T]) -> T:
        """Run slow pure work (dates) off the loop."""
        ...

    async def history(self, last: int) -> Sequence[HistoryMessage]:
        """The last messages of the conversation before this turn, at most so many, the oldest first."""
        ...

    def arrivals(self) -> AsyncIterator[Inbound]:
        """What waits behind this turn's inbounds, then what comes while it runs; they are handled in later turns."""
        ...

    def show(self, delta: Delta) -> None:
        """Show a piece of a text that is being written; may be lost."""
        ...

    def show_transcript(self, inbound: str, text: str) -> None:
        """Show the transcript of the voice message of that id; may be lost."""
        ...
