"""Updates of the Bot API, as far as they concern a conversation. Unknown fields are ignored, so a new release of the API
harms nothing: <https://dev.max.ru/docs-api/objects/Update>."""

from __future__ import annotations

from typing import Any

import msgspec

from ses.errors import SesError

TYPES = (
    "message_created",
    "message_edited",
    "message_callback",
    "bot_started",
    "bot_stopped",
    "user_removed",
)
"""What a webhook is subscribed to. A deleted dialogue brings `bot_stopped`, too."""


class Malformed(SesError):
    """Something that is not as MAX's documents say."""


class _Part(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    pass


class User(_Part, frozen=True):
    user_id: int
    is_bot: bool = False
    username: str | None = None
    name: str | None = None
    first_name: str | None = None


class Recipient(_Part, frozen=True):
    """Where a message stands."""

    chat_type: str
    """`dialog`, `chat`, `channel`."""
    chat_id: int | None = None


class Markup(_Part, frozen=True):
    """What a part of the text is. Offsets are left out: mentions are looked for by name."""

    type: str
    user_id: int | None = None
    user_link: str | None = None


class Body(_Part, frozen=True):
    mid: str
    text: str | None = None
    attachments: tuple[dict[str, Any], ...] | None = None
    markup: tuple[Markup, ...] | None = None


class Link(_Part, frozen=True):
    """The message that this one forwards or answers."""

    type: str
    sender: User | None = None


class Message(_Part, frozen=True):
    recipient: Recipient
    body: Body
    sender: User | None = None
    """None for what a channel says itself."""
    timestamp: int = 0
    link: Link | None = None


class Callback(_Part, frozen=True):
    """A button was pressed."""

    callback_id: str
    user: User
    timestamp: int = 0
    payload: str | None = None


class Update(_Part, frozen=True):
    """One of all kinds; which fields are there is told by `update_type`."""

    update_type: str
    timestamp: int = 0
    """Milliseconds since 1970."""
    message: Message | None = None
    callback: Callback | None = None
    user: User | None = None
    chat_id: int | None = None
    is_channel: bool = False
    payload: str | None = None
    """Of the link that led to the bot: `max.ru/{bot}?start=PAYLOAD`."""
    user_locale: str | None = None


class Page(_Part, frozen=True):
    """What `GET /updates` answers. Each update is read by itself: one that is not understood spoils no other."""

    updates: tuple[msgspec.Raw, ...] = ()
    marker: int | None = None


_update = msgspec.json.Decoder(Update).decode


def parse(body: bytes | msgspec.Raw) -> Update:
    """Raises `Malformed`."""
    try:
        return _update(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed(str(error)[:200]) from None
