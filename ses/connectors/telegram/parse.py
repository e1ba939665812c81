"""Updates of the Bot API, as far as they concern a conversation. Unknown fields are ignored, so a new release of the
API harms nothing: <https://core.telegram.org/bots/api#update>."""

from __future__ import annotations

from typing import Any

import msgspec

from ses.errors import SesError

ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member")
"""Kinds of updates asked for."""


class Malformed(SesError):
    """An update that is not as the Bot API says."""


class _Part(msgspec.Struct, frozen=True, gc=False):
    pass


class User(_Part, frozen=True):
    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    language_code: str = ""


class Chat(_Part, frozen=True):
    id: int
    type: str = "private"
    """`private`, `group`, `supergroup`, `channel`"""
    username: str = ""

    @property
    def private(self) -> bool:
        return self.type == "private"


class File(_Part, frozen=True):
    """Photo size, document, voice, audio, video, animation, sticker."""

    file_id: str
    file_name: str = ""
    mime_type: str = ""
    file_size: int = 0
    duration: int = 0
    emoji: str = ""


class Location(_Part, frozen=True):
    latitude: float
    longitude: float


class Contact(_Part, frozen=True):
    phone_number: str
    first_name: str = ""
    last_name: str = ""
    user_id: int = 0


class Replied(_Part, frozen=True):
    """The message that a message replies to."""

    message_id: int
    sender: User | None = msgspec.field(name="from", default=None)


class Message(_Part, frozen=True, kw_only=True):
    message_id: int
    date: int = 0
    chat: Chat
    sender: User | None = msgspec.field(name="from", default=None)
    sender_chat: Chat | None = None
    """Who speaks as a group: an anonymous administrator."""
    message_thread_id: int | None = None
    is_topic_message: bool = False
    edit_date: int = 0
    media_group_id: str = ""
    reply_to_message: Replied | None = None
    text: str | None = None
    caption: str | None = None
    photo: tuple[File, ...] = ()
    document: File | None = None
    voice: File | None = None
    audio: File | None = None
    video: File | None = None
    video_note: File | None = None
    animation: File | None = None
    sticker: File | None = None
    location: Location | None = None
    contact: Contact | None = None


class CallbackQuery(_Part, frozen=True):
    id: str
    sender: User = msgspec.field(name="from")
    message: Message | None = None
    data: str = ""


class Member(_Part, frozen=True):
    status: str
    """`member`, `left`, `kicked` …"""


class MemberChange(_Part, frozen=True):
    chat: Chat
    sender: User = msgspec.field(name="from")
    new_chat_member: Member
    date: int = 0


class Update(_Part, frozen=True):
    update_id: int
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: CallbackQuery | None = None
    my_chat_member: MemberChange | None = None


_decode = msgspec.json.Decoder(Update).decode


def parse(body: bytes) -> Update:
    """The body of a webhook's call. Raises `Malformed`."""
    try:
        return _decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(str(error)[:200]) from None


def parse_polled(update: Any) -> Update:
    """One element of `getUpdates`' answer. Raises `Malformed`."""
    try:
        return msgspec.convert(update, Update)
    except msgspec.ValidationError as error:
        raise Malformed(str(error)[:200]) from None
