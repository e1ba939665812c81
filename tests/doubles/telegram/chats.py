"""The chats of one bot: the state that all sides of the emulated Telegram share."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from aiohttp import web

from doubles.telegram.faults import Fault, Refusal
from doubles.telegram.messages import TOKEN, Sent


class Chats:
    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.url = ""
        self.sent: list[Sent] = []
        """What the bot said, in the order it was carried out; edits change the messages in place."""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """Every call that got through: method and fields."""
        self.answered: dict[str, dict[str, Any]] = {}
        """Presses answered, by their id."""
        self.drafts: list[tuple[int, int, str]] = []
        """Chat, draft and text."""
        self.actions: list[tuple[int, str]] = []
        self.faults: deque[Fault] = deque()
        self.fault: Callable[[str], Fault | None] = lambda method: None
        """Asked when no fault is ordered."""
        self.strangers: set[int] = set()
        """People who have never written to the bot."""
        self.blocked: set[int] = set()
        """Chats that refuse the bot."""
        self.voiceless: set[int] = set()
        """Chats whose people take no voice messages."""
        self.files: dict[str, bytes] = {}
        self.confirmed = 0
        """Updates below this number are confirmed."""
        self.webhook: dict[str, Any] = {"url": ""}
        self.webhook_calls: list[tuple[int, int]] = []
        """Update and the status it was answered with."""
        self._updates: list[dict[str, Any]] = []
        self._done: set[int] = set()
        """Numbers of updates that the webhook answered 200."""
        self._update_ids = itertools.count(1000)
        self._newest = 0
        self._message_ids: defaultdict[int, itertools.count[int]] = defaultdict(lambda: itertools.count(1))
        self._callback_ids = itertools.count(70000)
        self._news = asyncio.Event()
        self._poll = 0
        self._said = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._caller: asyncio.Task[None] | None = None

    def update(self, **fields: Any) -> int:
        """Something happened: bring it to the bot. Returns the update's number."""
        number = self._newest = next(self._update_ids)
        self._updates.append({"update_id": number, **fields})
        self._news.set()
        return number

    @property
    def newest(self) -> int:
        """The number of the last update."""
        return self._newest

    def next_message(self, chat: int) -> int:
        return next(self._message_ids[chat])

    def to(self, chat: int) -> list[Sent]:
        """What the bot said in a chat."""
        return [one for one in self.sent if one.chat == chat]

    async def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until something the bot does makes the condition true."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._said.clear()
                await self._said.wait()

    async def says(self, chat: int, count: int, seconds: float = 20.0) -> list[str]:
        """The first `count` texts in a chat."""
        await self.until(lambda: len(self.to(chat)) >= count, seconds)
        return [one.text for one in self.to(chat)][:count]

    def _confirm(self, below: int) -> None:
        self.confirmed = max(self.confirmed, below)
        self._updates = [one for one in self._updates if one["update_id"] >= self.confirmed]
        self._said.set()

    def _chat(self, fields: dict[str, Any]) -> int:
        try:
            chat = int(fields["chat_id"])
        except (KeyError, ValueError):
            raise Refusal(400, "Bad Request: chat_id is empty") from None
        if chat in self.strangers:
            raise Refusal(400, "Bad Request: chat not found")
        if chat in self.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return chat
