"""What shows that the robot is at work: «typing…», and a text while it is being generated. All of it may be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from zlib import crc32

from telegram.constants import ChatAction
from telegram.error import TelegramError

from ses.clock import Clock
from ses.connectors.telegram.client import Client, UpdatesBot
from ses.connectors.telegram.places import Nowhere, Place, Places
from ses.connectors.telegram.text import MESSAGE, length
from ses.messages import Conversation, Delta, Outgoing

AGAIN = 4.5
"""Seconds after which «typing…» is shown anew: Telegram hides it after five."""
LONGEST = 300.0
"""Seconds of «typing…» at most."""
FRAME = 0.4
"""Seconds between two states of a text being generated."""
AT_ONCE = 500
"""Conversations in which something is shown at once."""


class Draft:
    """A text being generated, in a private chat."""

    def __init__(self, delta: Delta) -> None:
        self.id = crc32(delta.id.encode()) & 0x7FFFFFFF or 1
        self.attempt = -1
        self.text = ""
        self.broken = False
        """A piece is missing: what is shown stays until the whole message comes."""
        self.shown = ""
        self.task: asyncio.Task[None] | None = None

    def add(self, delta: Delta) -> None:
        if delta.attempt > self.attempt:
            self.attempt, self.text, self.broken = delta.attempt, "", False
        if delta.attempt < self.attempt or self.broken:
            return
        if delta.at != len(self.text):
            self.broken = True
            return
        self.text += delta.text


class Liveliness:
    def __init__(
        self,
        client: Client,
        places: Places,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._places = places
        self._clock = clock
        self._sleep = sleep
        self._typing: dict[str, asyncio.Task[None]] = {}
        self._drafts: dict[str, Draft] = {}

    def typing(self, conversation: Conversation, on: bool) -> None:
        session = conversation.session
        if not on:
            task = self._typing.pop(session, None)
            if task is not None:
                task.cancel()
            return
        place = self._place(conversation)
        if place is not None and session not in self._typing and len(self._typing) < AT_ONCE:
            task = asyncio.get_running_loop().create_task(self._type(place))
            self._typing[session] = task
            task.add_done_callback(lambda done: self._ended(session, done))

    def stream(self, conversation: Conversation, delta: Delta) -> None:
        """In a private chat a draft grows; in groups «typing…» has to do: edits count as messages there, 20 a minute."""
        place = self._place(conversation)
        if place is None or not place.private:
            return
        draft = self._drafts.get(delta.id)
        if draft is None:
            if len(self._drafts) >= AT_ONCE:
                return
            draft = self._drafts[delta.id] = Draft(delta)
            draft.task = asyncio.get_running_loop().create_task(self._draw(place, draft))
        draft.add(delta)

    async def ends(self, conversation: Conversation, message: Outgoing) -> None:
        """The message is there: nothing of it must be drawn after it."""
        self.typing(conversation, on=False)
        draft = self._drafts.pop(message.id, None)
        if draft is not None and draft.task is not None:
            draft.task.cancel()
            await asyncio.gather(draft.task, return_exceptions=True)

    async def stop(self) -> None:
        tasks = [*self._typing.values(), *(d.task for d in self._drafts.values() if d.task is not None)]
        self._drafts.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _type(self, place: Place) -> None:
        end = self._clock.monotonic() + LONGEST
        while self._clock.monotonic() < end:
            try:
                await self._client.call(
                    lambda bot: bot.send_chat_action(
                        place.chat, ChatAction.TYPING, message_thread_id=place.thread
                    )
                )
            except TelegramError:
                return
            await self._sleep(AGAIN)

    async def _draw(self, place: Place, draft: Draft) -> None:
        """Show the text as it grows; a state that cannot be shown is skipped, and never retried in haste."""
        end = self._clock.monotonic() + LONGEST
        while self._clock.monotonic() < end:
            await self._sleep(FRAME)
            text = draft.text
            if text == draft.shown or not text.strip() or length(text) > MESSAGE:
                continue
            try:
                await self._client.call(
                    partial(UpdatesBot.send_message_draft, chat_id=place.chat, draft_id=draft.id, text=text)
                )
            except TelegramError:
                return
            draft.shown = text

    def _place(self, conversation: Conversation) -> Place | None:
        try:
            return self._places.of(conversation)
        except Nowhere:
            return None

    def _ended(self, session: str, task: asyncio.Task[None]) -> None:
        if self._typing.get(session) is task:
            del self._typing[session]
