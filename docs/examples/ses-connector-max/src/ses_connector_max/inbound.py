"""From an update to what a conversation is to hear. Values in, values out; only groups and their activators are kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from ses.clock import Clock
from ses.connectors.groups import Activators, Whitelist
from ses.messages import Inbound
from ses_connector_max.attachments import attachments
from ses_connector_max.config import Settings
from ses_connector_max.parse import Callback, Message, Update, User


@dataclass(frozen=True, slots=True)
class Received:
    """Something that a conversation is to hear."""

    inbound: Inbound
    chat: int | None
    """MAX's id of the dialogue or the group."""
    written: float
    """When, seconds since 1970."""
    callback: str = ""
    """A press to be answered."""
    begun_only: bool = False
    """It begins no conversation: somebody who never spoke leaves."""


class InboundReader:
    """Reads the updates of one bot."""

    def __init__(self, name: str, settings: Settings, me: User, clock: Clock) -> None:
        """`name`: the connector's full one. `me`: the bot, as `GET /me` shows it."""
        self._name = name
        self._settings = settings
        self._me = me
        self._clock = clock
        self._whitelist = Whitelist(settings.whitelist)
        self._activators = Activators(settings.activators, clock)

    def read(self, update: Update) -> Received | None:
        """None for what the robot is not to hear."""
        kind, message = update.update_type, update.message
        if kind == "message_created" and message is not None:
            return self._message(update, message)
        if kind == "message_edited" and message is not None:
            return self._edit(update, message)
        if kind == "message_callback" and update.callback is not None:
            return self._press(update, update.callback)
        if kind in ("bot_started", "bot_stopped") and update.user is not None:
            started = kind == "bot_started"
            given: dict[str, Any] = {"event": "start" if started else "leave"}
            if started and update.payload:
                given["payload"] = {"token": update.payload}
            return self._received(
                update, update.user, update.chat_id, f"{kind[4]}{update.timestamp}",
                dialog=True, begun_only=not started, **given,
            )  # fmt: skip
        if kind == "user_removed" and update.user is not None and not update.is_channel:
            return self._received(
                update, update.user, update.chat_id, f"l{update.timestamp}",
                dialog=False, begun_only=True, event="leave",
            )  # fmt: skip
        return None

    def _message(self, update: Update, message: Message) -> Received | None:
        sender, body = message.sender, message.body
        if sender is None or not self._meant(message, sender, body.text or ""):
            return None
        text = self._without_mention(body.text or "")
        taken, strange = attachments(body.attachments or ())
        what: dict[str, Any] = {"text": text or None, "attachments": taken}
        if not text and not taken:
            if not strange:
                return None
            what = {"event": "attachment", "payload": {"kind": strange[0]}}
        return self._of_message(update, message, sender, _short(body.mid), **what)

    def _edit(self, update: Update, message: Message) -> Received | None:
        sender, text = message.sender, self._without_mention(message.body.text or "")
        if sender is None or not text or not self._meant(message, sender, message.body.text or ""):
            return None
        mid = _short(message.body.mid)
        id_ = _short(f"e{update.timestamp}.{mid}")
        return self._of_message(update, message, sender, id_, text=text, edit_of=mid)

    def _press(self, update: Update, callback: Callback) -> Received | None:
        if not callback.payload:
            return None
        # The id of a callback names the keyboard; the press is told from the one before by its time.
        id_ = _short(f"c{callback.timestamp}.{_digest(callback.callback_id)}")
        recipient = update.message.recipient if update.message is not None else None
        chat = recipient.chat_id if recipient is not None else None
        return self._received(
            update, callback.user, chat, id_, dialog=recipient is None or recipient.chat_type == "dialog",
            callback=callback.callback_id, button=callback.payload,
        )  # fmt: skip

    def _of_message(
        self, update: Update, message: Message, sender: User, id_: str, **what: Any
    ) -> Received | None:
        recipient = message.recipient
        dialog = recipient.chat_type == "dialog"
        return self._received(update, sender, recipient.chat_id, id_, dialog=dialog, **what)

    def _meant(self, message: Message, sender: User, text: str) -> bool:
        """A dialogue is for the robot; in a group it must be awake or addressed; a channel is not talked in."""
        kind = message.recipient.chat_type
        if kind != "chat":
            return kind == "dialog"
        link, markup = message.link, message.body.markup or ()
        answered = (
            link is not None and link.type == "reply" and link.sender is not None
            and link.sender.user_id == self._me.user_id
        )  # fmt: skip
        mentioned = any(one.type == "user_mention" and one.user_id == self._me.user_id for one in markup)
        addressed = answered or mentioned or (bool(self._mention) and self._mention in text)
        session = session_of(message.recipient.chat_id, sender.user_id, dialog=False)
        return self._activators.wakes(session, text, addressed=addressed)

    @property
    def _mention(self) -> str:
        return f"@{self._me.username}" if self._me.username else ""

    def _without_mention(self, text: str) -> str:
        return (
            text.replace(self._mention, "").strip(" ,:\n")
            if self._mention in text and self._mention
            else text
        )

    def _received(
        self,
        update: Update,
        user: User,
        chat: int | None,
        id_: str,
        *,
        dialog: bool,
        callback: str = "",
        begun_only: bool = False,
        **what: Any,
    ) -> Received | None:
        """None for robots, who would talk to each other for ever, and for who is not on the list."""
        if user.is_bot or not self._whitelist.admits(user.user_id, *([chat] if chat is not None else [])):
            return None
        inbound = Inbound(
            connector=self._name,
            session=session_of(chat, user.user_id, dialog=dialog),
            id=id_,
            robot=self._settings.robot,
            channel="max",
            at=self._clock.now(),
            user=f"max:{user.user_id}",
            language=update.user_locale or "",
            **what,
        )
        return Received(inbound, chat, update.timestamp / 1000, callback, begun_only)


def session_of(chat: int | None, user: int, *, dialog: bool) -> str:
    """The conversation's id: the person, in a group the chat and the person."""
    return str(user) if dialog or chat is None else f"{chat}:{user}"


def destination_of(session: str) -> dict[str, int]:
    """Where a conversation's messages go, as `POST /messages` wants it. Raises `ValueError` for what is no session of ours."""
    chat, colon, user = session.partition(":")
    return {"chat_id": int(chat)} if colon and int(user) else {"user_id": int(chat)}


def _short(id_: str) -> str:
    """An id of at most 64 characters."""
    return id_ if len(id_) <= 64 else _digest(id_)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
