"""The models of a file of dialogue tests, over the nodes of the scenario language: every fault has its position."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ses.messages import Channel
from ses.scenario.models.base_model import ScenarioModel
from ses.scenario.models.messages import CHANNEL, choice
from ses.scenario.models.scalars import Boolean, Data, OneOrMany, Seconds, Share, Text, Whole
from ses.scenario.reading.nodes import Map, Node, Scalar

ATTACHMENTS = ("image", "file", "audio", "voice", "video", "location", "contact", "sticker")


class MockOutcome(ScenarioModel):
    """What every mock may do instead of answering."""

    status: Annotated[Whole | None, Field(description="An HTTP status; from 400 on the call fails")] = None
    error: Annotated[
        Literal["timeout", "connect", "malformed", "cancelled"] | None,
        choice("timeout", "connect", "malformed"),
    ] = None
    delay: Annotated[Seconds, Field(description="Virtual time it takes")] = 0.0  # type: ignore[assignment]


class SmcReply(MockOutcome):
    called = "an answer of `smc`"

    cls: Annotated[Text | None, Field(alias="class", description="The class it tells")] = None
    confidence: Share = 1.0  # type: ignore[assignment]


class SmcMock(SmcReply):
    called = "a mock of `smc`"

    text: Annotated[Text | None, Field(description="Only for utterances like this, `*` is any text")] = None
    model: Text | None = None
    replies: list[SmcReply] | None = None


class Entity(ScenarioModel):
    called = "an entity"

    entity: Text
    text: Annotated[
        Text | None, Field(description="The words it stands in; found only in texts that hold them")
    ] = None
    value: Data | None = None


class SeeReply(MockOutcome):
    called = "an answer of `see`"

    entities: Annotated[list[Entity] | None, OneOrMany()] = None


class SeeMock(SeeReply):
    called = "a mock of `see`"

    entity: Text | None = None
    value: Data | None = None
    text: Text | None = None
    model: Text | None = None
    replies: list[SeeReply] | None = None


class QasReply(MockOutcome):
    called = "an answer of `qas`"

    answer: Text | None = None
    confidence: Share = 1.0  # type: ignore[assignment]
    source: Text | None = None


class QasMock(QasReply):
    called = "a mock of `qas`"

    text: Text | None = None
    replies: list[QasReply] | None = None


class HttpAnswer(MockOutcome):
    called = "an answer of `http`"

    reply: Annotated[Data | None, Field(description="The body")] = None


class HttpMock(HttpAnswer):
    called = "a mock of `http`"

    url: Annotated[Text | None, Field(description="Only for addresses like this, `*` is any text")] = None
    method: Text | None = None
    replies: list[HttpAnswer] | None = None


class LlmReply(MockOutcome):
    called = "an answer of `llm`"

    error: Annotated[
        Literal["timeout", "connect", "malformed", "cancelled"] | None,
        choice("timeout", "connect", "malformed", "cancelled"),
        Field(description="`cancelled`: the user did not wait for it"),
    ] = None

    answer: Annotated[Data | None, Field(description="What it writes; of a map or list its JSON")] = None
    intent: Annotated[Text | None, Field(description="The intent it recognises, instead of an answer")] = None
    confidence: Share = 1.0  # type: ignore[assignment]
    call: Annotated[Data | None, Field(description="The flow it calls as a tool, with its arguments")] = None

    @classmethod
    def spread(cls, node: Node) -> Node:
        return _named("answer", node)


class LlmMock(LlmReply):
    called = "a mock of `llm`"

    text: Annotated[Text | None, Field(description="Only for prompts like this, `*` is any text")] = None
    replies: list[LlmReply] | None = None


class SprReply(MockOutcome):
    called = "an answer of `spr`"

    text: Annotated[Text | None, Field(description="What it hears; nothing without it")] = None

    @classmethod
    def spread(cls, node: Node) -> Node:
        return _named("text", node)


class SprMock(SprReply):
    called = "a mock of `spr`"

    name: Annotated[
        Text | None, Field(description="Only for recordings of a name like this, `*` is any text")
    ] = None
    replies: list[SprReply] | None = None


class TtsReply(MockOutcome):
    called = "an answer of `tts`"


class TtsMock(TtsReply):
    called = "a mock of `tts`"

    text: Annotated[Text | None, Field(description="Only for texts like this, `*` is any text")] = None
    replies: list[TtsReply] | None = None


class SbsReply(MockOutcome):
    called = "an answer of `sbs`"

    age: Text | None = None
    gender: Text | None = None
    emotion: Text | None = None
    multispeaker: Text | None = None
    synth: Text | None = None
    confidence: Annotated[Share, Field(description="In each of them")] = 1.0  # type: ignore[assignment]
    found: Annotated[Data | None, Field(description="Of `search`: the list")] = None
    noise: Annotated[Data | None, Field(description="Of `noiselevel`: the number")] = None


class SbsMock(SbsReply):
    called = "a mock of `sbs`"

    replies: list[SbsReply] | None = None


class SendMock(MockOutcome):
    called = "a mock of `send`"

    to: Annotated[Text | None, Field(description="Only for people like this, `*` is any text")] = None


class MockMap(ScenarioModel):
    """`mock:` of a test."""

    called = "`mock`"
    later: ClassVar[Mapping[str, str]] = {"scripts": "a mock"}

    smc: Annotated[list[SmcMock] | None, OneOrMany()] = None
    see: Annotated[list[SeeMock] | None, OneOrMany()] = None
    qas: Annotated[list[QasMock] | None, OneOrMany()] = None
    http: Annotated[list[HttpMock] | None, OneOrMany()] = None
    llm: Annotated[list[LlmMock] | None, OneOrMany()] = None
    spr: Annotated[list[SprMock] | None, OneOrMany()] = None
    tts: Annotated[list[TtsMock] | None, OneOrMany()] = None
    sbs: Annotated[list[SbsMock] | None, OneOrMany()] = None
    send: Annotated[list[SendMock] | None, OneOrMany()] = None


class Attached(ScenarioModel):
    called = "`attach`"

    kind: Annotated[str, choice(*ATTACHMENTS)]
    name: Text | None = None
    media: Text | None = None
    mime: Text | None = None
    size: Whole = 0  # type: ignore[assignment]
    value: Data | None = None
    text: Annotated[Text | None, Field(description="Words sent along")] = None

    @classmethod
    def spread(cls, node: Node) -> Node:
        return _named("kind", node)


class EventModel(ScenarioModel):
    called = "`event`"

    name: Text
    payload: Data | None = None

    @classmethod
    def spread(cls, node: Node) -> Node:
        return _named("name", node)


class SentModel(ScenarioModel):
    called = "a message to somebody else"

    to: Text
    text: Annotated[Text, Field(description="`*` is any text")]


class Expected(ScenarioModel):
    called = "`expect`"

    flow: Data | None = None
    variables: Annotated[Data | None, Field(description="Variables and slots, by name")] = None
    sent: Annotated[
        list[SentModel] | None,
        OneOrMany(),
        Field(description="What steps `send` said to others since the user's last line"),
    ] = None


class Said(Text):
    """A `bot:` line. An empty text is a message that has none: a picture, say."""

    what: ClassVar[str] = "what the robot says"


class StepModel(ScenarioModel):
    """One line of a dialogue."""

    called = "a line of a dialogue"

    user: Annotated[Text | None, Field(description="The user types this")] = None
    voice: Annotated[Text | None, Field(description="The user says this in a voice message")] = None
    button: Annotated[Text | None, Field(description="The user presses the newest button of this label")] = (
        None
    )
    event: Annotated[EventModel | None, Field(description="Something happens: `start`, `limit` …")] = None
    attach: Annotated[Attached | None, Field(description="The user sends a file, a picture, a place")] = None
    edit: Annotated[Text | None, Field(description="The user changes his last message")] = None
    passing: Annotated[Seconds | None, Field(alias="pass", description="Time goes by")] = None
    bot: Annotated[
        Said | None, Field(description="One message of the robot, `*` is any text; `...` any number")
    ] = None
    buttons: Annotated[list[Text] | None, Field(description="With `bot`: the labels of its buttons")] = None
    spoken: Annotated[Boolean | None, Field(description="With `bot`: whether it is a voice message too")] = (
        None
    )
    expect: Annotated[Expected | None, Field(description="What must be true now")] = None


class CaseModel(ScenarioModel):
    """One test."""

    called = "a test"

    name: Text
    channel: Annotated[Channel, CHANNEL] = "chat"
    now: Annotated[Text | None, Field(description="The time at its beginning, in the robot's zone")] = None
    variables: Annotated[Data | None, Field(description="Variables it begins with")] = None
    mock: Annotated[MockMap | None, Field(description="What the services answer")] = None
    dialogue: list[StepModel]


class TestFile(ScenarioModel):
    """A file below `tests/`."""

    __test__: ClassVar[bool] = False  # not a class of tests, whatever pytest takes the name for
    called = "a file of tests"

    tests: list[CaseModel]


def _named(key: str, node: Node) -> Node:
    """A lone word is the map with that word under `key`."""
    if isinstance(node, Scalar):
        full = Map(node.at)
        full.put(key, node.at, node)
        return full
    return node
