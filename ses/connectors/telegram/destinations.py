"""Where in Telegram a conversation happens."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from ses.errors import SesError
from ses.messages import Conversation

KEPT = 20_000
"""Conversations of groups whose last message is remembered."""


class Nowhere(SesError):
    """A session's id that names no chat."""


@dataclass(slots=True)
class Place:
    """A chat; in a group also the topic and the message to answer."""

    chat: int
    thread: int | None = None
    reply_to: int | None = None

    @property
    def private(self) -> bool:
        return self.chat > 0


class Places:
    """The places of one bot's conversations. Of a group's conversation topic and last message live in memory only: after
    a restart the robot speaks to the group without them until the user writes again."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, Place] = OrderedDict()

    def of(self, conversation: Conversation) -> Place:
        """Raises `Nowhere`."""
        place = self._seen.get(conversation.session)
        if place is None:
            chat, _, _user = conversation.session.partition(":")
            if not chat.removeprefix("-").isdecimal():
                raise Nowhere(f"{conversation.session[:64]!r} is no chat of Telegram")
            place = Place(int(chat))
        return place

    def seen(self, session: str, chat: int, thread: int | None, message: int) -> None:
        """A message came in a group: answers go to its topic and refer to it."""
        place = self._seen.get(session)
        if place is None:
            place = self._seen[session] = Place(chat)
            if len(self._seen) > KEPT:
                self._seen.popitem(last=False)
        else:
            self._seen.move_to_end(session)
        place.chat = chat
        if message:
            place.thread, place.reply_to = thread, message
