"""A text while it is being generated: in a private chat a draft grows, in a group a message that is edited. All of it may be
lost but the end: the whole message takes the place of what was shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any
from zlib import crc32

from telegram.error import RetryAfter, TelegramError

from ses.clock import Clock
from ses.connectors.telegram.client import Client, UpdatesBot
from ses.connectors.telegram.destinations import Nowhere, Place, Places
from ses.connectors.telegram.errors import doubtful, seconds
from ses.connectors.telegram.placeholders import Placeholders
from ses.connectors.telegram.rate_limit import Pace
from ses.connectors.telegram.render import Piece
from ses.connectors.telegram.sender import Sender
from ses.connectors.telegram.status import ConnectionStatus
from ses.connectors.telegram.text import MESSAGE, length
from ses.messages import Conversation, Delta, Outgoing

FRAME = 0.4
"""Seconds between two states of a draft."""
EDIT = 1.0
"""Seconds between two states in a group."""
LONGEST = 300.0
"""Seconds that a text grows at most."""
AT_ONCE = 500
"""Conversations in which a text grows at once."""
EMPTY = "…"
"""What a group reads before there is a text: a short one comes whole, without it."""


class Draft:
    """A text being generated."""

    def __init__(self, delta: Delta) -> None:
        self.message = delta.id
        self.id = crc32(delta.id.encode()) & 0x7FFFFFFF or 1
        self.attempt = -1
        self.text = ""
        self.broken = False
        """A piece is missing: what is shown stays until the whole message comes."""
        self.shown = ""
        self.task: asyncio.Task[None] | None = None
        self.call: asyncio.Task[Any] | None = None
        """What must not be broken off: Telegram might do it after what comes next."""

    def add(self, delta: Delta) -> None:
        if delta.attempt > self.attempt:
            self.attempt, self.text, self.broken = delta.attempt, "", False
        if delta.attempt < self.attempt or self.broken:
            return
        if delta.at != len(self.text):
            self.broken = True
            return
        self.text += delta.text

    @property
    def news(self) -> str:
        """What may be shown and is not yet; empty: nothing."""
        text = self.text
        return text if text != self.shown and text.strip() and length(text) <= MESSAGE else ""


class Streams:
    """The texts that one bot is writing."""

    def __init__(
        self,
        client: Client,
        sender: Sender,
        pace: Pace,
        places: Places,
        placeholders: Placeholders,
        standing: ConnectionStatus,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._sender = sender
        self._pace = pace
        self._places = places
        self._placeholders = placeholders
        self._standing = standing
        self._clock = clock
        self._sleep = sleep
        self._drafts: dict[str, Draft] = {}

    def add(self, conversation: Conversation, delta: Delta) -> None:
        draft = self._drafts.get(delta.id)
        if draft is None:
            try:
                place = self._places.of(conversation)
            except Nowhere:
                return
            if len(self._drafts) >= AT_ONCE:
                return
            draft = self._drafts[delta.id] = Draft(delta)
            growing = (
                self._draw(place, draft) if place.private else self._edit(conversation.session, place, draft)
            )
            draft.task = asyncio.get_running_loop().create_task(growing)
        draft.add(delta)

    async def ends(self, message: Outgoing) -> None:
        """The message is there: nothing of it is drawn after it."""
        draft = self._drafts.pop(message.id, None)
        if draft is not None:
            await self._end(draft)

    async def stop(self) -> None:
        drafts = [*self._drafts.values()]
        self._drafts.clear()
        await asyncio.gather(*map(self._end, drafts))

    @staticmethod
    async def _end(draft: Draft) -> None:
        if draft.task is not None:
            draft.task.cancel()
            await asyncio.gather(draft.task, return_exceptions=True)
        if draft.call is not None:
            await asyncio.gather(draft.call, return_exceptions=True)

    async def _draw(self, place: Place, draft: Draft) -> None:
        """Show the text as it grows; a state that cannot be shown is skipped, and never retried in haste."""
        end = self._clock.monotonic() + LONGEST
        while self._clock.monotonic() < end:
            await self._sleep(FRAME)
            text = draft.news
            if not text:
                continue
            try:
                await self._client.call(
                    partial(UpdatesBot.send_message_draft, chat_id=place.chat, draft_id=draft.id, text=text)
                )
            except TelegramError:
                return
            draft.shown = text

    async def _edit(self, session: str, place: Place, draft: Draft) -> None:
        """Edits are messages to Telegram's rates, so they take what the group's twenty a minute leave."""
        end = self._clock.monotonic() + LONGEST
        while self._clock.monotonic() < end:
            await self._sleep(EDIT)
            text = draft.news
            stands = self._placeholders.of(session)
            if not text or not self._pace.spare(place.chat):
                continue
            try:
                if stands is None:
                    await _whole(draft, self._begin(session, place, draft))
                elif stands.id == draft.message:
                    await _whole(draft, self._sender.edit(place, stands.number, Piece(text=text)))
                    draft.shown = text
                else:  # one that a crash left; it goes when this message comes
                    return
            except TelegramError as error:
                if isinstance(error, RetryAfter):
                    self._pace.hold(place.chat, seconds(error))
                return

    async def _begin(self, session: str, place: Place, draft: Draft) -> None:
        try:
            (number,) = await self._sender.send(place, Piece(text=EMPTY))
        except TelegramError as error:
            self._standing.doubtful += doubtful(error)
            raise
        await self._placeholders.keep(session, place, draft.message, number)


async def _whole(draft: Draft, work: Coroutine[Any, Any, Any]) -> None:
    """Do something to its end, even if who waits for it is told to stop."""
    draft.call = asyncio.get_running_loop().create_task(work)
    await asyncio.shield(draft.call)
