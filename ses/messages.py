"""The values that travel between people and robots. Plain data: no behaviour, no I/O.

All are msgspec structs: encoded in a fraction of a microsecond, and rejected with a path when ill-typed.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

CHANNELS = ("web", "telegram", "vk", "api", "chat")
"""The channels that SES has itself; `chat` is the terminal (`ses chat`, `ses test`)."""
Channel: TypeAlias = str
"""What a conversation is held in: one of `CHANNELS`, or what a package brings (`ses.extensions`)."""


class Conversation(NamedTuple):
    """Names one conversation in the whole daemon."""

    connector: str
    """`web.site`, `telegram.shop`, `api`: the kind and the name under which it stands in the configuration."""
    session: str
    """The session's id, unique within its connector; for the widget the id it got in `welcome`."""


class Attachment(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that came or goes beside the text."""

    kind: Literal["image", "file", "audio", "voice", "video", "location", "contact", "sticker"]
    name: str = ""
    """File name for people."""
    media: str = ""
    """Where its bytes are: a path below the robot's folder, an upload's id, or a URL."""
    mime: str = ""
    size: int = 0
    """In bytes, 0 when unknown."""
    value: Any = None
    """Location `{lat, lon}`, contact `{phone, name}`; else none."""


class Button(msgspec.Struct, frozen=True, omit_defaults=True):
    """A button under a message of the robot."""

    text: str
    """The label."""
    id: str = ""
    """What a press sends back; opaque to connectors, at most 64 bytes. Empty for a `url` button."""
    url: str = ""
    request: Literal["", "phone", "location"] = ""
    """The button asks the channel for the user's phone or location."""


class InjectedButton(msgspec.Struct, frozen=True, omit_defaults=True):
    """A button under an injected message: a label, which stands for these words; with a flow that a press starts, or an
    address it opens."""

    text: str
    flow: str = ""
    args: dict[str, Any] = {}
    url: str = ""


class InjectedMessage(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An injected message: what another system, or another conversation, lets the robot say: a text, or one of the robot's own by its key."""

    text: str = ""
    masked: str | None = None
    """The text without private values, when it differs: what is kept of it."""
    key: str = ""
    """Under the robot's `texts:`."""
    variables: dict[str, Any] = {}
    """Values that the robot's text reads in this message only."""
    buttons: tuple[InjectedButton, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    format: Literal["plain", "markdown"] = "plain"


class ChannelTransfer(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A step of a conversation on its way into another channel. It travels between conversations, never to a person."""

    kind: Literal["claim", "arrival", "refusal"]
    """The chat it is to go on in asks for it; the conversation comes; it does not come, its link is used up."""
    link: bytes = b""
    """The hash of the link."""
    connector: str = ""
    session: str = ""
    """Of a claim: where it is to go on."""
    user: str = ""
    """Of a claim: who has confirmed it there."""
    state: bytes = b""
    """Of an arrival: the dialogue as it stands (`ses.dialogue.input.channel_transfer`)."""
    versions: tuple[str, ...] = ()
    """Of an arrival: the robot's versions that it rests in."""


class Inbound(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One thing a person (or a system, or a timer) did in a conversation.

    Exactly one of `text`/`attachments`, `button`, `event`, `edit_of` + `text`, `say`, `transfer` is meant; a message may carry
    text and attachments together.
    """

    connector: str
    session: str
    id: str
    """The sender's own id, 1–64 characters; unique within the conversation: a second copy is the same inbound."""
    robot: str
    channel: Channel
    at: float
    """When it was received, seconds since 1970 (UTC)."""
    text: str | None = None
    button: str | None = None
    """`Button.id` of the pressed button."""
    attachments: tuple[Attachment, ...] = ()
    event: str | None = None
    """`start`, `leave`, `attachment`, `limit`, `silence`, `end`, or an event of the robot's own."""
    payload: dict[str, Any] = {}
    """The event's fields."""
    edit_of: str | None = None
    """The `id` of the message whose text this replaces."""
    user: str = ""
    """The person behind the conversation, for variables that are kept by user; empty: the conversation itself."""
    variables: dict[str, Any] = {}
    """Variables of others (connector, `/ses/ask`): only declared names of a fitting type are taken."""
    page: dict[str, Any] = {}
    """What a web page said of itself (`hello.variables`, `page`): the visitor's word, read as `page.*`."""
    language: str = ""
    """The language the channel reports (`ru`, `en-US`), empty when unknown."""
    proved: str = ""
    """A name that the channel vouches for as the person's own: `phone:+79130000000`."""
    external: bool = msgspec.field(default=False, name="outside")
    """It came from another system, or from another conversation: the person did nothing. Stored as `outside`."""
    say: InjectedMessage | None = None
    """What the robot is to say; nothing is to be understood."""
    transfer: ChannelTransfer | None = msgspec.field(default=None, name="passage")
    """Stored as `passage`."""

    @property
    def spoken(self) -> bool:
        """The person spoke: words, a press, attachments, an edit."""
        return self.event is None and not self.external

    @property
    def conversation(self) -> Conversation:
        return Conversation(self.connector, self.session)


class Outgoing(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One message of the robot, as a connector delivers it and the log keeps it."""

    id: str
    """`SESSION/TURN/N`: the same when a turn is repeated, so a receiver can drop a second copy."""
    seq: int
    """Counts the session's outgoing messages from 1, without gaps."""
    text: str = ""
    buttons: tuple[Button, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    format: Literal["plain", "markdown"] = "plain"
    masked: str | None = None
    """The text with private values masked, when it differs from `text`: what logs keep after delivery."""
    trace: str = ""
    """The turn's trace id."""
    delay: float = 0.0
    """Seconds to wait before delivery (`wait` below ten seconds)."""
    replaces: str = ""
    """The id of the robot's message that this one replaces, after the user edited theirs; sent anew where a
    channel cannot edit."""


class Delta(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A piece of a text being generated. Live only: never stored; the final `Outgoing` of the same id replaces it."""

    id: str
    attempt: int
    """A higher attempt clears the text of the earlier ones."""
    at: int
    """Characters of this attempt that came before; a gap means: wait for the final message."""
    text: str
