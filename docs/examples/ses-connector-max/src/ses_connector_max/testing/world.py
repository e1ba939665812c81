"""People, their dialogues with the bot, and what a test waits for."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from ses.clock import Clock, SystemClock
from ses_connector_max.testing.people import Person
from ses_connector_max.testing.shapes import BOT, TOKEN, Fault, Sent, chat_of, now


class World:
    """What has happened between people and one bot. `changed` is notified with everything that does."""

    def __init__(self, token: str = TOKEN, *, clock: Clock | None = None) -> None:
        """`clock`: by which the webhook is called again."""
        self.token = token
        self.clock = clock or SystemClock()
        self.url = ""
        self.updates: list[dict[str, Any]] = []
        self.committed = 0
        """Updates that the bot has acknowledged, by a marker or by 200, up to the first that it has not."""
        self._done: set[int] = set()
        """Numbers of those that were answered 200."""
        self._brought = 0
        """Updates that the webhook was called with, or is."""
        self.polls = 0
        self.sent: list[Sent] = []
        self.calls: list[tuple[str, str, dict[str, str], Any]] = []
        """Method, path, query and body."""
        self.answered: list[str] = []
        """Callbacks."""
        self.subscriptions: list[dict[str, Any]] = []
        self.uploads: dict[str, tuple[str, str, bytes]] = {}
        """Token → kind, file name, content."""
        self.unready: defaultdict[str, int] = defaultdict(int)
        """Kind → how often a file of it is not ready yet when it is to be sent."""
        self.stopped: set[int] = set()
        """People who have stopped the bot."""
        self.faults: list[Fault] = []
        self.changed = asyncio.Condition()
        self.numbers = itertools.count(1)
        self.upload_slots: dict[str, str] = {}
        """Addresses for uploads → kind."""

    def person(self, user: int, name: str = "Аня") -> Person:
        return Person(self, user, name)

    async def happen(self, update: dict[str, Any]) -> int:
        """Something happens; the number of updates there are now."""
        async with self.changed:
            self.updates.append(update)
            self.changed.notify_all()
            return len(self.updates)

    async def until(self, holds: Callable[[], bool], seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(holds)

    async def says(self, user: int, count: int, chat: int | None = None) -> list[str]:
        """The first `count` texts for somebody, or in a group."""
        await self.until(lambda: len(self.to(user, chat)) >= count)
        return [one.text for one in self.to(user, chat)][:count]

    def to(self, user: int, chat: int | None = None) -> list[Sent]:
        where = {"user_id": user} if chat is None else {"chat_id": chat}
        return [one for one in self.sent if one.where == where]

    def mid(self) -> str:
        return f"mid.{next(self.numbers):032x}"

    async def note(self, body: dict[str, Any], where: dict[str, int]) -> Sent:
        text, attachments = body.get("text") or "", body.get("attachments") or []
        sent = Sent(self.mid(), where, text, body.get("format"), attachments)
        async with self.changed:
            self.sent.append(sent)
            self.changed.notify_all()
        return sent

    def shown(self, sent: Sent) -> dict[str, Any]:
        """A message as the API gives it back."""
        dialog = "user_id" in sent.where
        recipient: dict[str, Any] = {
            "chat_id": sent.where.get("chat_id") or chat_of(sent.where["user_id"]),
            "chat_type": "dialog" if dialog else "chat",
        }
        recipient |= sent.where
        body = {"mid": sent.mid, "seq": 1, "text": sent.text}
        shown = []
        for one in sent.attachments:
            given = one | {"callback_id": f"board-{sent.mid}"} if one["type"] == "inline_keyboard" else one
            if one["type"] == "image":
                given = {
                    "type": "image",
                    "payload": one["payload"] | {"photo_id": 1, "url": "https://i.test/1"},
                }
            shown.append(given)
        if shown:
            body["attachments"] = shown
        return {"sender": BOT, "recipient": recipient, "timestamp": now(), "body": body}
