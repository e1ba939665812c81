"""Events of a community, as far as they concern a conversation. Unknown fields are ignored, so a new release of the API
harms nothing: <https://dev.vk.com/ru/api/community-events/json-schema>."""

from __future__ import annotations

from typing import Any

import msgspec

from ses.errors import SesError

CHATS = 2_000_000_000
"""`peer_id` of a group chat is its number plus this."""
EVENTS = ("message_new", "message_edit", "message_event", "message_allow", "message_deny")
"""Kinds that the community must have switched on."""


class Malformed(SesError):
    """An event that is not as VK's documents say."""


class _Part(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    pass


class Coordinates(_Part, frozen=True):
    latitude: float
    longitude: float


class Geo(_Part, frozen=True):
    coordinates: Coordinates | None = None


class Replied(_Part, frozen=True):
    """The message that a message replies to."""

    from_id: int = 0


class Action(_Part, frozen=True):
    """What somebody did with the group chat."""

    type: str
    """`chat_invite_user`, `chat_kick_user` …"""
    member_id: int = 0


class Message(_Part, frozen=True):
    from_id: int
    peer_id: int
    conversation_message_id: int = 0
    """Counts the messages of a peer; `id` is 0 in group chats."""
    id: int = 0
    date: int = 0
    out: int = 0
    text: str = ""
    payload: str = ""
    """JSON, of the pressed button."""
    ref: str = ""
    """Of the link that led here: `vk.me/shop?ref=TOKEN`."""
    attachments: tuple[dict[str, Any], ...] = ()
    geo: Geo | None = None
    reply_message: Replied | None = None
    action: Action | None = None


class ClientInfo(_Part, frozen=True):
    """What the person's app can show."""

    button_actions: tuple[str, ...] | None = None
    inline_keyboard: bool = True
    lang_id: int = -1


class New(_Part, frozen=True):
    message: Message
    client_info: ClientInfo = ClientInfo()


class Press(_Part, frozen=True):
    """A button of kind `callback` was pressed; it turns in circles until it is answered."""

    user_id: int
    peer_id: int
    event_id: str
    payload: Any = None
    conversation_message_id: int = 0


class Membership(_Part, frozen=True):
    """A user allowed or forbade messages."""

    user_id: int


class Event(_Part, frozen=True):
    type: str
    group_id: int
    event_id: str = ""
    object: msgspec.Raw = msgspec.Raw(b"{}")
    secret: str = ""


_event = msgspec.json.Decoder(Event).decode
_new = msgspec.json.Decoder(New).decode
_message = msgspec.json.Decoder(Message).decode
_press = msgspec.json.Decoder(Press).decode
_membership = msgspec.json.Decoder(Membership).decode

What = New | Message | Press | Membership
"""`Message`: an edited one."""


def parse(body: bytes) -> Event:
    """The envelope of an event. Raises `Malformed`."""
    try:
        return _event(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(str(error)[:200]) from None


def content(event: Event) -> What | None:
    """What an event tells; none for kinds that concern no conversation. Raises `Malformed`."""
    raw = event.object
    try:
        match event.type:
            case "message_new":
                return _new(raw)
            case "message_edit":
                return _message(raw)
            case "message_event":
                return _press(raw)
            case "message_allow" | "message_deny":
                return _membership(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(f"{event.type}: {error}"[:200]) from None
    return None


def message(value: Any) -> Message:
    """A message as `messages.getHistory` gives it. Raises `Malformed`."""
    try:
        return msgspec.convert(value, Message)
    except msgspec.ValidationError as error:
        raise Malformed(str(error)[:200]) from None
