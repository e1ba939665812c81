"""What a connector gives to the daemon and what it gets from it.

A connector knows its side's protocol and nothing of robots or storage. It hands every inbound to `receive`
and acknowledges it to its sender only when that returned; it is handed outgoing messages by `deliver`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

import structlog
from pydantic import BaseModel

from ses.clock import Clock
from ses.errors import SesError
from ses.messages import Conversation, Delta, Inbound, Outgoing


class Refused(SesError):
    """An inbound that was not taken. `code` is the protocol's (`flood`, `busy`, `internal` …); with `retry_after`
    (seconds) the sender may try again then."""

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


class DeliveryFailed(SesError):
    """A message could not be delivered; `retry_after` is none when it never can be."""

    def __init__(self, message: str, retry_after: float | None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of a conversation's history as its reader sees it."""

    sender: Literal["visitor", "robot", "operator"]
    id: str
    at: float
    seq: int | None
    """None for the visitor's own."""
    inbound: Inbound | None = None
    outgoing: Outgoing | None = None


class SessionOwner(NamedTuple):
    """Whose a session is."""

    key_hash: bytes | None
    """Of the key that its reader shows."""
    user: str
    """The person behind it; empty, or the session's own name (`CONNECTOR/SESSION`), when nobody told."""


class Reception(Protocol):
    """The daemon as a connector sees it."""

    async def receive(self, inbound: Inbound, *, key_hash: bytes | None = None) -> bool:
        """Store an inbound; returns when it is on disk: true when it is new, false for a second copy.

        `key_hash` (SHA-256) is written with the session's first inbound. Raises `Refused`.
        """
        ...

    async def has_begun(self, conversation: Conversation) -> bool:
        """Whether an inbound was stored in it: the next one is not its first. An expired conversation begins anew."""
        ...

    async def owner(self, conversation: Conversation) -> SessionOwner | None:
        """Whose a session is that has begun; none for one that has not, or has expired."""
        ...

    async def identify(self, conversation: Conversation, user: str) -> bool:
        """A session that has begun and is nobody's is that person's from now on, with what was kept for it by user. False when
        it is another's."""
        ...

    async def history(
        self, conversation: Conversation, *, after: int | None, limit: int = 100
    ) -> Sequence[HistoryEntry]:
        """With `after`: the robot's messages with a higher `seq`, ascending, all of them. Without: the last
        `limit` entries, the visitor's own among them."""
        ...

    async def continue_in(self, conversation: Conversation, to: str) -> str:
        """A link by which the conversation's reader goes on with it in the connector `to` (`telegram.shop`): once, within
        ten minutes, after he has said yes there. Raises `Refused`."""
        ...

    async def remember(self, connector: str, name: str, value: str) -> None:
        """Keep a small fact of a connector (how far it has read) over restarts; durable on return."""
        ...

    async def recall(self, connector: str, name: str) -> str | None:
        """What was remembered under that name."""
        ...


class FetchFailed(SesError):
    """A file that came could not be had; `passing`: another attempt may go well."""

    def __init__(self, message: str, *, passing: bool) -> None:
        super().__init__(message)
        self.passing = passing


Recording = Callable[[str], Path | None]
"""`Attachment.media` of something the robot says aloud → the file; none for what is no such thing."""


def no_recording(media: str) -> Path | None:
    """A `Recording` of a daemon that says nothing aloud."""
    del media
    return None


@runtime_checkable
class Fetching(Protocol):
    """A connector whose side keeps what people send under names that only it can follow."""

    async def fetch(self, media: str, limit: int) -> bytes:
        """The bytes behind an `Attachment.media` of an inbound, at most `limit`. Raises `FetchFailed`."""
        ...


class Connector(Protocol):
    """One configured connection: a site's widget, a bot."""

    name: str
    """`web.site`, `telegram.shop`."""
    replays: bool
    """Readers fetch what they missed through `history` (the widget): messages then count as delivered when they
    are stored, and `deliver` is a live push that may be lost."""

    async def start(self, reception: Reception) -> None: ...

    async def stop(self) -> None: ...

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        """Send one message. Raises `DeliveryFailed`."""
        ...

    def typing(self, conversation: Conversation, on: bool) -> None:
        """Show that the robot is at work; may be lost."""
        ...

    def stream(self, conversation: Conversation, delta: Delta) -> None:
        """Show a piece of a text being generated; may be lost."""
        ...


@runtime_checkable
class Transcribing(Protocol):
    """A connector that lets people see what was recognised in their voice messages."""

    def transcript(self, conversation: Conversation, inbound: str, text: str) -> None:
        """Show what was recognised in the voice message of that id; may be lost: the history tells it, too."""
        ...


@runtime_checkable
class Speaking(Protocol):
    """A connector whose people can play voice messages; through any other, what a robot says aloud goes as text alone."""

    voice: Literal["ogg", "mp3", "wav"]
    """What a recording that is handed to `deliver` is made of; `ogg` is Opus, as messengers want it."""


@dataclass(frozen=True, slots=True)
class ConnectorState:
    """How a connection to a foreign side is doing: what `ses connectors` shows."""

    name: str
    """`telegram.shop`"""
    robot: str
    condition: Literal["connecting", "connected", "failing", "refused", "stopped"]
    """`failing`: it is tried again and again; `refused`: only another configuration helps."""
    mode: str = ""
    """How messages come: `polling`, `webhook`, `websocket` …"""
    since: float | None = None
    """In this condition since, seconds since 1970."""
    problem: str = ""
    """What is wrong, and what helps; empty when all is well."""
    received: int = 0
    """Inbounds taken since the start."""
    last_message: float | None = None
    """When the last one came, seconds since 1970."""
    lag: float | None = None
    """Seconds between the time its sender's side gives the last message and the time it was stored."""
    errors: int = 0
    """Failed calls since the start."""
    doubtful: int = 0
    """Sends that may have been carried out though no answer came: each may have reached its reader twice."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """A conversation that the robot may begin itself."""

    session: str
    user: str
    variables: Mapping[str, Any]
    """Session variables every conversation of this connector starts with."""


@runtime_checkable
class Addressable(Connector, Protocol):
    """A connector through which somebody can be written to who is not in a conversation now."""

    robot: str

    async def begin(self, chat: str) -> Beginning | None:
        """None when nobody of that id may be written to: he has never written here, or wants no messages. Raises
        `DeliveryFailed` when the other side does not tell."""
        ...

    def link(self, token: str) -> str:
        """The address that opens the robot here and hands it `token` as that of event `start`; empty while it is not
        known."""
        ...


@runtime_checkable
class Channel(Connector, Protocol):
    """A connector that keeps a connection to a messenger of its own accord. `start` returns at once, whatever the
    other side says: what is wrong stands in `state` and in the log, and is tried again."""

    async def refuse(self) -> None:
        """Take nothing new; deliveries go on until `stop`."""
        ...

    def state(self) -> ConnectorState: ...


Settings = TypeVar("Settings", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ConnectorContext(Generic[Settings]):
    """What a messenger's connector is made from, SES's own and those of packages."""

    kind: str
    """`max`"""
    name: str
    """As configured, without the kind: `shop`."""
    settings: Settings
    """`connectors.max.shop`, read by the model of its kind."""
    clock: Clock
    robot_folder: Callable[[], Path | None]
    """Where the robot's files lie now; its `media/` is what it may send. None while the robot cannot be read."""
    recording: Recording
    """Where the robot's spoken words lie that it sends as voice messages."""
    log: structlog.stdlib.BoundLogger
    """Says which connector speaks. Secrets of the configuration are blotted out of it."""

    @property
    def full_name(self) -> str:
        """`max.shop`: what `Connector.name` must be."""
        return f"{self.kind}.{self.name}"

    @property
    def webhook_path(self) -> str:
        """The path of the public listener at which `POST` reaches the connector's method `webhook` (`webhooks.WebhookReceiver`)."""
        return f"/hook/{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Kind(Generic[Settings]):
    """What a package names under the entry point group `ses.connectors`; the entry point's name is the kind."""

    contract: int
    """The version of this contract that the package is written for (`ses.extensions.CONTRACT`), as a plain number."""
    settings: type[Settings]
    """A subclass of `ses.config.fields.Section` with a field `robot`."""
    make: Callable[[ConnectorContext[Settings]], Channel]
    """Import the messenger's library in here: only who has a bot pays for it. Must not wait for anything."""
