"""Where in Telegram a conversation happens."""

from __future__ import annotations

from dataclasses import dataclass

from cachetools import LRUCache

from ses.errors import SesError
from ses.messages import Conversation

REMEMBERED = 20_000
"""Conversations of groups whose last message is remembered."""


class UnknownChat(SesError):
    """A session's id that names no chat."""


@dataclass(slots=True)
class Destination:
    """A chat; in a group also the topic and the message to answer."""

    chat: int
    thread: int | None = None
    reply_to: int | None = None

    @property
    def private(self) -> bool:
        return self.chat > 0


class Destinations:
    """Those of one bot's conversations. Of a group's conversation topic and last message live in memory only: after a
    restart the robot speaks to the group without them until the user writes again."""

    def __init__(self) -> None:
        self._seen: LRUCache[str, Destination] = LRUCache(REMEMBERED)

    def of(self, conversation: Conversation) -> Destination:
        """Raises `UnknownChat`."""
        destination = self._seen.get(conversation.session)
        if destination is None:
            chat, _, _user = conversation.session.partition(":")
            if not chat.removeprefix("-").isdecimal():
                raise UnknownChat(f"{conversation.session[:64]!r} is no chat of Telegram")
            destination = Destination(int(chat))
        return destination

    def seen(self, session: str, chat: int, thread: int | None, message: int) -> None:
        """A message came in a group: answers go to its topic and refer to it."""
        destination = self._seen.get(session)
        if destination is None:
            destination = self._seen[session] = Destination(chat)
        destination.chat = chat
        if message:
            destination.thread, destination.reply_to = thread, message
