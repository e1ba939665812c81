"""From an event to the inbounds that the daemon stores. Values in, values out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from ses.clock import Clock
from ses.connectors.groups import Activators, Whitelist
from ses.connectors.vk.attachments import attachments
from ses.connectors.vk.config import Settings
from ses.connectors.vk.parse import CHATS, ClientInfo, Event, Membership, Message, New, Press, content
from ses.messages import Inbound

LANGUAGES = {0: "ru", 1: "uk", 2: "be", 3: "en", 4: "es", 5: "fi", 6: "de", 7: "it"}
"""`lang_id` of a person's app."""
BUTTON, PAGE = "b", "p"
"""Keys of a button's payload: the button's id; `SEQ.PAGE` of the keyboard page it turns to."""


@dataclass(frozen=True, slots=True)
class Received:
    """Something that a conversation is to hear."""

    inbound: Inbound
    callback: Press | None = None
    """A press to be answered."""
    client: ClientInfo | None = None
    written: int = 0
    """When, seconds since 1970; 0: not known."""
    begun_only: bool = False
    """It begins no conversation: somebody who never spoke leaves."""
    fresh_only: bool = False
    """It is for a conversation that has not begun."""


@dataclass(frozen=True, slots=True)
class PageTurn:
    """Somebody leafs through a long keyboard: answered here, the robot hears nothing of it."""

    press: Press
    session: str
    seq: int
    page: int


class InboundReader:
    """Reads the events of one community."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._whitelist = Whitelist(settings.whitelist)
        self._activators = Activators(settings.activators, clock)
        group = settings.group_id
        self._mention = re.compile(rf"\[(?:club|public|event){group}\|[^\]]*\][\s,:]*", re.IGNORECASE)

    def read(self, event: Event) -> list[Received | PageTurn]:
        """Empty for what the robot is not to hear. Raises `Malformed`."""
        what = content(event)
        if isinstance(what, New):
            return list(self.message(what.message, what.client_info, event.event_id))
        if isinstance(what, Message):
            return list(self._edit(what, event.event_id))
        if isinstance(what, Press):
            return self._press(what)
        if isinstance(what, Membership):
            return list(self._membership(what, event))
        return []

    # --- messages --------------------------------------------------------------------------------------------------

    def message(self, message: Message, client: ClientInfo | None = None, event: str = "") -> list[Received]:
        """A message, from an event or from the history."""
        if message.action is not None:
            return self._action(message, message.action.type, message.action.member_id)
        if message.out or not self._welcome(message.from_id, message.peer_id):
            return []
        payload = _payload(message.payload)
        pressed = payload.get(BUTTON)
        session = session_of(message.peer_id, message.from_id)
        if not self._meant(message, session, pressed=bool(pressed)):
            return []
        id_ = str(message.conversation_message_id) if message.conversation_message_id else event
        common: dict[str, Any] = {
            "session": session,
            "user": message.from_id,
            "language": LANGUAGES.get(client.lang_id, "") if client is not None else "",
        }
        received: list[Received] = []
        start = payload.get("command") == "start"
        if start or message.ref:
            token = {"token": message.ref} if message.ref else {}
            begin = self._inbound(f"{id_}s", event="start", payload=token, **common)
            received.append(Received(begin, client=client, written=message.date))
            if start:
                return received
        if isinstance(pressed, str) and pressed:
            press = self._inbound(id_, button=pressed, **common)
            return [*received, Received(press, client=client, written=message.date)]
        taken, strange = attachments(message)
        text = self._text(message)
        if text or taken:
            inbound = self._inbound(id_, text=text or None, attachments=taken, **common)
        elif strange:
            inbound = self._inbound(id_, event="attachment", payload={"kind": strange[0]}, **common)
        else:
            return received
        return [*received, Received(inbound, client=client, written=message.date)]

    def _edit(self, message: Message, event: str) -> list[Received]:
        if message.out or not self._welcome(message.from_id, message.peer_id):
            return []
        session, text = session_of(message.peer_id, message.from_id), self._text(message)
        if not text or not self._meant(message, session, pressed=False):
            return []
        of = str(message.conversation_message_id)
        inbound = self._inbound(
            f"e{event}"[:64], session=session, user=message.from_id, text=text, edit_of=of
        )
        return [Received(inbound)]

    def _action(self, message: Message, kind: str, member: int) -> list[Received]:
        """Somebody left the group chat, or was put out of it."""
        if kind != "chat_kick_user" or member <= 0 or not self._welcome(member, message.peer_id):
            return []
        session = session_of(message.peer_id, member)
        id_ = f"{message.conversation_message_id}l"
        return [Received(self._inbound(id_, session=session, user=member, event="leave"), begun_only=True)]

    def _text(self, message: Message) -> str:
        return self._mention.sub("", message.text).strip()

    def _meant(self, message: Message, session: str, *, pressed: bool) -> bool:
        if message.peer_id < CHATS:
            return True
        replied = (
            message.reply_message is not None and message.reply_message.from_id == -self._settings.group_id
        )
        addressed = pressed or replied or self._mention.search(message.text) is not None
        return self._activators.wakes(session, message.text, addressed=addressed)

    # --- presses and membership -------------------------------------------------------------------------------------

    def _press(self, press: Press) -> list[Received | PageTurn]:
        if not self._welcome(press.user_id, press.peer_id):
            return []
        payload = press.payload if isinstance(press.payload, dict) else _payload(press.payload)
        session = session_of(press.peer_id, press.user_id)
        seq, _, page = str(payload.get(PAGE, "")).partition(".")
        if seq.isdecimal() and page.isdecimal():
            return [PageTurn(press, session, int(seq), int(page))]
        button = payload.get(BUTTON)
        if not isinstance(button, str) or not button:
            return []
        inbound = self._inbound(f"p{press.event_id}"[:64], session=session, user=press.user_id, button=button)
        return [Received(inbound, callback=press)]

    def _membership(self, member: Membership, event: Event) -> list[Received]:
        if not self._welcome(member.user_id, member.user_id):
            return []
        allowed = event.type == "message_allow"
        inbound = self._inbound(
            f"m{event.event_id}"[:64],
            session=str(member.user_id),
            user=member.user_id,
            event="start" if allowed else "leave",
        )
        return [Received(inbound, begun_only=not allowed, fresh_only=allowed)]

    # --- common ------------------------------------------------------------------------------------------------------

    def _welcome(self, user: int, peer: int) -> bool:
        """People only: other communities are robots too, and two robots would talk for ever."""
        return user > 0 and self._whitelist.admits(user, peer, *([peer - CHATS] if peer > CHATS else []))

    def _inbound(self, id_: str, *, session: str, user: int, **what: Any) -> Inbound:
        return Inbound(
            connector=f"vk.{self._settings.name}",
            session=session,
            id=id_,
            robot=self._settings.robot,
            channel="vk",
            at=self._clock.now(),
            user=f"vk:{user}",
            **what,
        )


def session_of(peer: int, user: int) -> str:
    """The conversation's id: the person, in a group chat the chat and the person."""
    return f"{peer}:{user}" if peer > CHATS else str(user)


def peer_of(session: str) -> int:
    """Where a conversation's messages go. Raises `ValueError` for an id that is none of ours."""
    return int(session.partition(":")[0])


def _payload(text: Any) -> dict[str, Any]:
    """A button's payload; empty for what is none of ours."""
    if not isinstance(text, str) or not text:
        return {}
    try:
        payload = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}
