"""Bodies that the API takes and answers. Unknown fields are refused: a misspelt one would be silently without effect."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from ses.extensions import installed
from ses.gateway.http.schemas import ResponseModel, SuccessModel
from ses.messages import CHANNELS

Identifier = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
PRINTED = r"^[^\x00-\x1f\x7f]+$"
SessionId = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f/]+$")]
RobotId = Annotated[str, Field(min_length=1, max_length=128)]
Text = Annotated[str, Field(max_length=65536)]


def _instant(text: str) -> str:
    try:
        datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise ValueError("must be a time like 2026-11-22T09:30:00+07:00") from None
    return text


Time = Annotated[str, Field(max_length=40), AfterValidator(_instant)] | Annotated[float, Field(ge=0, le=1e11)]
"""ISO 8601, UTC when no zone is given; or seconds since 1970."""


def _channel(name: str) -> str:
    if name not in CHANNELS and name not in installed():
        raise ValueError(f"must be one of {', '.join((*CHANNELS, *installed()))}")
    return name


ChannelName = Annotated[
    str, AfterValidator(_channel), WithJsonSchema({"type": "string", "enum": [*CHANNELS]})
]
"""A kind of place: SES's own, or what an installed package brings."""
Kind = Literal["image", "file", "audio", "voice", "video", "location", "contact", "sticker"]


class RequestModel(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class AttachmentBody(RequestModel):
    kind: Kind
    name: Annotated[str, Field(max_length=255)] = ""
    media: Annotated[str, Field(max_length=2048)] = ""
    """Where its bytes are: an http(s) URL."""
    mime: Annotated[str, Field(max_length=127)] = ""
    size: Annotated[int, Field(ge=0, le=1 << 40)] = 0
    """Bytes; 0 when unknown."""
    value: Any = None
    """Location `{lat, lon}`, contact `{phone, name}`."""


class AskBody(RequestModel):
    text: Text | None = None
    """What the person says; cut at 4,096 characters."""
    button: Identifier | None = None
    """Instead of `text`: the `id` of a pressed button."""
    session_id: SessionId | None = None
    """Absent: a new conversation, whose id stands in the answer."""
    channel: ChannelName = "api"
    """As if it came from there, for texts that differ by channel."""
    variables: dict[str, Any] = Field(default={}, max_length=100)
    """Session variables; only declared names of a fitting type are taken."""
    attachments: Annotated[list[AttachmentBody], Field(max_length=10)] = []
    id: Identifier | None = None
    """The sender's own id of this message: the same id again answers what was answered before."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.text or self.button or self.attachments):
            raise ValueError("one of `text`, `button`, `attachments` is needed")
        if self.button and (self.text or self.attachments):
            raise ValueError("`button` stands alone, without `text` and `attachments`")
        return self


class ChatBody(RequestModel):
    message: Annotated[str, Field(min_length=1, max_length=65536)]
    session_id: SessionId | None = None
    robot: RobotId | None = None
    """Needed unless the key is bound to one robot, or there is only one."""
    id: Identifier | None = None


class To(RequestModel):
    """One of `session`, `user`, `phone`, `chat`."""

    session: SessionId | None = None
    """A session, as `/ses/ask`, `/ses/log` or the widget's `welcome` tells it."""
    user: Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTED)] | None = None
    """A person by any of his names: `telegram:123`, `vk:5`. The conversation he used last."""
    phone: Annotated[str, Field(min_length=1, max_length=32)] | None = None
    """`+79130000000`: of the person who proved it to be his own, else of whom the robot keeps it in a value of his."""
    chat: (
        Annotated[str, Field(min_length=1, max_length=64, pattern=PRINTED)]
        | Annotated[int, Field(ge=0, lt=1 << 53)]
        | None
    ) = None
    """The number of a user in the messenger of `connector`."""
    connector: Annotated[str, Field(min_length=1, max_length=80, pattern=PRINTED)] | None = None
    """Only there: `telegram.shop`; or a kind, `telegram`."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.session, self.user, self.phone, self.chat)) != 1:
            raise ValueError("one of `session`, `user`, `phone`, `chat` is needed")
        if self.chat is not None and self.connector is None:
            raise ValueError("`chat` needs the `connector` it is a chat of")
        return self


class ButtonBody(RequestModel):
    text: Annotated[str, Field(min_length=1, max_length=200)]
    flow: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """A press starts this flow. Without it a press stands for the words of the label."""
    args: dict[str, Any] = Field(default={}, max_length=20)
    """Values that the flow gets."""
    url: Annotated[str, Field(min_length=1, max_length=2048, pattern=r"^https?://")] | None = None
    """The button opens this address."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.flow and self.url:
            raise ValueError("a button has `flow` or `url`, not both")
        return self


class MediaBody(RequestModel):
    kind: Literal["image", "file", "audio"]
    media: Annotated[str, Field(min_length=1, max_length=2048)]
    """A file of the robot's folder, or an http(s) URL."""
    name: Annotated[str, Field(max_length=255)] = ""


class SendBody(RequestModel):
    to: To
    text: Annotated[str, Field(min_length=1, max_length=65536)] | None = None
    """What the robot says."""
    template: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Instead of `text`: a key of the robot's `texts:`, with the buttons and media that belong to it."""
    variables: dict[str, Any] = Field(default={}, max_length=100)
    """Values that the template reads in this message only, by names that the robot declares."""
    buttons: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)] | ButtonBody], Field(max_length=20)
    ] = []
    attachments: Annotated[list[MediaBody], Field(max_length=10)] = []
    format: Literal["plain", "markdown"] = "plain"
    urgent: bool = False
    """In the robot's quiet hours too."""
    robot: RobotId | None = None
    """Needed unless the session or the connector tells it, the key is bound to one robot, or there is only one."""
    id: Identifier | None = None
    """The sender's own id of this call: the same again, for 30 days, answers what was answered before."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.text is not None and self.template is not None:
            raise ValueError("`text` or `template`, not both")
        if self.text is None and self.template is None and not self.attachments:
            raise ValueError("one of `text`, `template`, `attachments` is needed")
        if self.variables and self.template is None:
            raise ValueError("`variables` go with `template`")
        return self


class EventBody(To):
    """An event and whom it concerns: one of `session`, `user`, `phone`, `chat`."""

    event: Identifier
    """A name that a flow of the robot waits for: `on: [{event: paid}]`."""
    data: dict[str, Any] = Field(default={}, max_length=100)
    """Its fields, which scenarios read as `event.NAME`; 16 KB of JSON at most."""
    urgent: bool = False
    """In the robot's quiet hours too."""
    robot: RobotId | None = None
    """Needed unless the session or the connector tells it, the key is bound to one robot, or there is only one."""
    id: Identifier | None = None
    """The sender's own id of this call: the same again, for 30 days, answers what was answered before."""


class LogBody(RequestModel):
    robot_id: RobotId
    session_id: SessionId | None = None
    from_: Time | None = Field(default=None, alias="from")
    """From this time on: ISO 8601 (UTC when no zone is given) or seconds since 1970."""
    to: Time | None = None
    """Before this time."""
    text: Annotated[str, Field(max_length=1000)] | None = None
    """Lines that contain this."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: Annotated[str, Field(max_length=200)] | None = None
    """`cursor` of the page before."""


class ReloadBody(RequestModel):
    pass


class ButtonShown(ResponseModel):
    text: str
    id: str = ""
    """What `button` of the next call takes."""
    url: str = ""
    request: Literal["", "phone", "location"] = ""


class AttachmentShown(ResponseModel):
    kind: Kind
    name: str = ""
    media: str = ""
    mime: str = ""
    size: int = 0
    value: Any = None


class Reply(ResponseModel):
    id: str
    """The same in every copy of this message."""
    seq: int
    text: str = ""
    buttons: list[ButtonShown] = []
    attachments: list[AttachmentShown] = []
    format: Literal["plain", "markdown"] = "plain"


class AskAnswer(SuccessModel):
    robot: str
    session_id: str
    id: str
    replies: list[Reply]
    understood: dict[str, Any] | None
    """What was understood and run; none when the answer is a repeated one."""
    repeated: bool
    """True when this id had been answered before."""


class BroughtAnswer(SuccessModel):
    robot: str
    connector: str
    session_id: str
    """The conversation it is in."""
    id: str
    """Under which the dialogue log shows it."""
    repeated: bool
    """True when this id had been answered before: nothing happened again."""


class ChatAnswer(SuccessModel):
    reply: str
    """All texts of the turn, one a line."""
    messages: list[Reply]
    session_id: str


class SessionRequest(ResponseModel):
    datetime: str
    message: str
    data: list[dict[str, Any]] = []
    """Calls made in the turn: `{id, name, model, type, param, reply}`."""


class SessionReply(ResponseModel):
    text: list[str]


class SessionTurn(ResponseModel):
    request: SessionRequest
    reply: SessionReply


class SessionAnswer(SuccessModel):
    model_config = ConfigDict(extra="allow")

    robot: str
    data: list[SessionTurn]
    """The last 50 turns. The session's variables stand beside this."""


class AttachmentNamed(ResponseModel):
    kind: Kind
    name: str


class LogLine(ResponseModel):
    model_config = ConfigDict(populate_by_name=True)

    id: str
    datetime: str
    session_id: str
    from_: Literal["visitor", "robot", "operator", "system"] = Field(alias="from")
    """`system`: another system, by `/ses/send` or `/ses/event`."""
    text: str
    turn: int | None
    """None while it waits for its turn."""
    trace: str | None
    button: str | None = None
    event: str | None = None
    attachments: list[AttachmentNamed] = []


class LogAnswer(SuccessModel):
    items: list[LogLine]
    """Oldest first."""
    cursor: str | None
    """Where the next page begins; none after the last."""


class RobotShown(ResponseModel):
    id: str
    title: str
    version: str
    language: str
    languages: list[str]
    flows: int
    connectors: list[str]
    problems: list[str]
    """Why the robot's files as they are now cannot replace the version that runs."""


class RobotsAnswer(SuccessModel):
    robots: list[RobotShown]


class ConnectorShown(ResponseModel):
    name: str
    robot: str
    condition: Literal["connecting", "connected", "failing", "refused", "stopped"]
    """`failing`: it is tried again and again; `refused`: only another configuration helps."""
    mode: str
    since: float | None
    """In this condition since, seconds since 1970."""
    problem: str
    received: int
    """Inbounds since the start."""
    last_message: float | None
    lag: float | None
    """Seconds from the sender's clock to the disk, of the last message."""
    errors: int
    doubtful: int
    """Sends that got no answer and were repeated: each may have arrived twice."""
    queue: int
    """Messages under way to it."""
    oldest: float
    """Seconds since the oldest of them was said."""


class ConnectorsAnswer(SuccessModel):
    connectors: list[ConnectorShown]


class ReloadedRobot(ResponseModel):
    id: str
    changed: bool
    version: str | None
    """None when it has never been good."""
    findings: list[str]


class ReloadAnswer(SuccessModel):
    robots: list[ReloadedRobot]
