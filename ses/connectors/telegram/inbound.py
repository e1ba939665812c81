"""From an update to the inbound that the daemon stores. Values in, values out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ses.clock import Clock
from ses.connectors.groups import Activators, Whitelist
from ses.connectors.telegram.attachments import attachments
from ses.connectors.telegram.config import Settings
from ses.connectors.telegram.parse import (
    CallbackQuery,
    Chat,
    MemberChange,
    Message,
    Update,
    User,
)
from ses.messages import Inbound

ANONYMOUS = 1087968824
"""The account under which anonymous administrators of groups write."""
PAGE = "~"
"""Before the data of a button that turns the pages of a keyboard: `~SEQ.PAGE`."""
OWNER = "@"
"""In groups, between a button's id and the user who may press it: `12.1.0@5f2a`."""

_COMMAND = re.compile(r"/(\w+)(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Received:
    """An update that concerns a conversation."""

    inbound: Inbound
    chat: int
    message: int = 0
    """The id of the user's message, 0 when it is none."""
    thread: int | None = None
    """The topic of the group it was written in."""
    album: str = ""
    """Messages of one album have the same, and arrive one by one."""
    callback: str = ""
    """A press to be answered."""
    sent: int = 0
    """When it was sent by Telegram's clock, 0 when that is not told."""


@dataclass(frozen=True, slots=True)
class PageTurn:
    """Somebody leafs through a long keyboard: answered here, the robot hears nothing of it."""

    callback: str
    session: str
    chat: int
    message: int
    seq: int
    page: int


@dataclass(frozen=True, slots=True)
class NotYours:
    """A press on a button under what was said to another member of the group."""

    callback: str
    language: str


class InboundReader:
    """Reads the updates of one bot."""

    def __init__(self, settings: Settings, bot: int, username: str, clock: Clock) -> None:
        """`bot`, `username`: who the bot is, by `getMe`."""
        self._settings = settings
        self._bot = bot
        self._username = username.casefold()
        self._connector = f"telegram.{settings.name}"
        self._clock = clock
        self._whitelist = Whitelist(settings.whitelist)
        self._activators = Activators(settings.activators, clock)
        self._mention = re.compile(rf"(?<!\w)@{re.escape(username)}(?!\w)[\s,:]*", re.IGNORECASE)

    def read(self, update: Update) -> Received | PageTurn | NotYours | None:
        """None for what the robot is not to hear."""
        at = self._clock.now()
        if update.message is not None:
            return self._message(update.message, at, edited=False, update=update.update_id)
        if update.edited_message is not None:
            return self._message(update.edited_message, at, edited=True, update=update.update_id)
        if update.callback_query is not None:
            return self._press(update.callback_query, at)
        if update.my_chat_member is not None:
            return self._membership(update.my_chat_member, at, update.update_id)
        return None

    # --- messages ------------------------------------------------------------------------------------------------

    def _message(self, message: Message, at: float, *, edited: bool, update: int) -> Received | None:
        sender = _sender(message)
        if sender is None or not self._welcome(message.chat, sender):
            return None
        text = message.text if message.text is not None else message.caption
        command = _COMMAND.fullmatch(text) if text and text.startswith("/") else None
        if not message.chat.private and not self._woken(message, sender, text or "", command):
            return None
        what: dict[str, Any] = {}
        if command is not None and command[1].casefold() == "start":
            if edited:
                return None
            what |= {"event": "start", "payload": _start_payload(sender, command[3])}
        else:
            if command is not None:
                text = f"/{command[1]}" + (f" {command[3]}" if command[3] else "")
            elif text and not message.chat.private:
                text = self._mention.sub("", text).strip() or None
            what["text"] = text
            if edited:
                what["edit_of"] = str(message.message_id)
            else:
                what["attachments"] = attachments(message)
                what["proved"] = _own_phone(message, sender)
            if not text and not what.get("attachments"):
                return None  # a game, a poll, a note that somebody joined: nothing to answer
        id_ = f"{message.message_id}e{update}" if edited else str(message.message_id)
        return Received(
            self._inbound(id_, message.chat, sender, at, **what),
            message.chat.id,
            message.message_id,
            message.message_thread_id if message.is_topic_message else None,
            album="" if edited else message.media_group_id,
            sent=message.edit_date if edited else message.date,
        )

    def _woken(self, message: Message, sender: User, text: str, command: re.Match[str] | None) -> bool:
        """Whether a message of a group is meant for the robot."""
        if command is not None and command[2] and command[2].casefold() != self._username:
            return False
        replied = message.reply_to_message
        answers = replied is not None and replied.sender is not None and replied.sender.id == self._bot
        named = self._mention.search(text) is not None or (command is not None and bool(command[2]))
        return self._activators.wakes(session_of(message.chat, sender), text, addressed=answers or named)

    # --- presses and membership ---------------------------------------------------------------------------------

    def _press(self, query: CallbackQuery, at: float) -> Received | PageTurn | NotYours | None:
        message = query.message
        if message is None or not query.data or not self._welcome(message.chat, query.sender):
            return None
        data, marked, owner = query.data.partition(OWNER)
        if marked and owner != _base36(query.sender.id):
            return NotYours(query.id, query.sender.language_code)
        session = session_of(message.chat, query.sender)
        if data.startswith(PAGE):
            seq, _, page = data.removeprefix(PAGE).partition(".")
            if not (seq.isdecimal() and page.isdecimal()):
                return None
            return PageTurn(query.id, session, message.chat.id, message.message_id, int(seq), int(page))
        return Received(
            self._inbound(f"c{query.id}"[:64], message.chat, query.sender, at, button=data),
            message.chat.id,
            thread=message.message_thread_id if message.is_topic_message else None,
            callback=query.id,
        )

    def _membership(self, change: MemberChange, at: float, update: int) -> Received | None:
        """The user blocked the bot. (Being added to or removed from a group belongs to nobody's conversation.)"""
        gone = change.new_chat_member.status in ("kicked", "left")
        if not gone or not change.chat.private or not self._welcome(change.chat, change.sender):
            return None
        inbound = self._inbound(f"u{update}", change.chat, change.sender, at, event="leave")
        return Received(inbound, change.chat.id)

    # --- common -------------------------------------------------------------------------------------------------

    def _welcome(self, chat: Chat, sender: User) -> bool:
        if sender.is_bot and sender.id != ANONYMOUS:
            return False
        names = [name for name in (chat.username, sender.username) if name]
        return self._whitelist.admits(chat.id, sender.id, *names)

    def _inbound(self, id_: str, chat: Chat, sender: User, at: float, **what: Any) -> Inbound:
        return Inbound(
            connector=self._connector,
            session=session_of(chat, sender),
            id=id_,
            robot=self._settings.robot,
            channel="telegram",
            at=at,
            user=f"telegram:{sender.id}",
            language=sender.language_code[:35],
            **what,
        )


def session_of(chat: Chat, sender: User) -> str:
    """The conversation's id: the chat, in a group the chat and the user."""
    return str(chat.id) if chat.private else f"{chat.id}:{sender.id}"


def owned(button: str, session: str) -> str:
    """The data of a button: in a group with the user it is for, if that fits into Telegram's 64 bytes."""
    _, group, user = session.partition(":")
    data = f"{button}{OWNER}{_base36(int(user))}" if group and user.lstrip("-").isdecimal() else button
    return data if len(data.encode()) <= 64 else button


def _sender(message: Message) -> User | None:
    """Who wrote: the user, or the group that an anonymous administrator speaks as."""
    if message.sender_chat is not None and (message.sender is None or message.sender.is_bot):
        return User(message.sender_chat.id, username=message.sender_chat.username)
    return message.sender


def _own_phone(message: Message, sender: User) -> str:
    """Telegram tells whose contact is shared: the phone is the sender's own when it is his."""
    contact = message.contact
    digits = re.sub(r"\D", "", contact.phone_number) if contact is not None else ""
    return f"phone:+{digits}" if contact is not None and digits and contact.user_id == sender.id else ""


def _start_payload(sender: User, token: str | None) -> dict[str, Any]:
    name = f"{sender.first_name} {sender.last_name}".strip()
    payload = {"token": (token or "").strip(), "name": name, "username": sender.username}
    return {key: value for key, value in payload.items() if value}


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    sign, number, written = ("-" if number < 0 else ""), abs(number), ""
    while number:
        number, digit = divmod(number, 36)
        written = digits[digit] + written
    return sign + (written or "0")
