"""A text while it is being generated: in a private chat a draft grows, in a group a message that is edited. All of it may be
lost but the end: the whole message takes the place of what was shown."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any
from zlib import crc32

from telegram.error import RetryAfter, TelegramError

from ses.clock import Clock
from ses.connectors.telegram.client import Client, UpdatesBot
from ses.connectors.telegram.destinations import Destination, Destinations, UnknownChat
from ses.connectors.telegram.errors import doubtful, seconds
from ses.connectors.telegram.placeholders import Placeholders
from ses.connectors.telegram.rate_limit import RateLimit
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


class StreamedText:
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
        rate_limit: RateLimit,
        destinations: Destinations,
        placeholders: Placeholders,
        status: ConnectionStatus,
        clock: Clock,
    ) -> None:
        self._client = client
        self._sender = sender
        self._rate_limit = rate_limit
        self._destinations = destinations
        self._placeholders = placeholders
        self._status = status
        self._clock = clock
        self._texts: dict[str, StreamedText] = {}

    def add(self, conversation: Conversation, delta: Delta) -> None:
        streamed = self._texts.get(delta.id)
        if streamed is None:
            try:
                destination = self._destinations.of(conversation)
            except UnknownChat:
                return
            if len(self._texts) >= AT_ONCE:
                return
            streamed = self._texts[delta.id] = StreamedText(delta)
            growing = (
                self._draw(destination, streamed)
                if destination.private
                else self._edit(conversation.session, destination, streamed)
            )
            streamed.task = asyncio.get_running_loop().create_task(growing)
        streamed.add(delta)

    async def ends(self, message: Outgoing) -> None:
        """The message is there: nothing of it is drawn after it."""
        streamed = self._texts.pop(message.id, None)
        if streamed is not None:
            await self._end(streamed)

    async def stop(self) -> None:
        texts = [*self._texts.values()]
        self._texts.clear()
        await asyncio.gather(*map(self._end, texts))

    @staticmethod
    async def _end(streamed: StreamedText) -> None:
        if streamed.task is not None:
            streamed.task.cancel()
            await asyncio.gather(streamed.task, return_exceptions=True)
        if streamed.call is not None:
            await asyncio.gather(streamed.call, return_exceptions=True)

    async def _draw(self, destination: Destination, streamed: StreamedText) -> None:
        """Show the text as it grows; a state that cannot be shown is skipped, and never retried in haste."""
        end = self._clock.monotonic() + LONGEST
        while self._clock.monotonic() < end:
            await self._clock.sleep(FRAME)
            text = streamed.news
            if not text:
                continue
            try:
                await self._client.call(
                    partial(
                        UpdatesBot.send_message_draft,
                        chat_id=destination.chat,
                        draft_id=streamed.id,
                        text=text,
                    )
                )
            except TelegramError:
                return
            streamed.shown = text

    async def _edit(self, session: str, destination: Destination, streamed: StreamedText) -> None:
        """Edits are messages to Telegram's rates, so they take what the group's twenty a minute leave."""
        end = self._clock.monotonic() + LONGEST
        while self._clock.monotonic() < end:
            await self._clock.sleep(EDIT)
            text = streamed.news
            placeholder = self._placeholders.of(session)
            if not text or not self._rate_limit.spare(destination.chat):
                continue
            try:
                if placeholder is None:
                    await _whole(streamed, self._begin(session, destination, streamed))
                elif placeholder.id == streamed.message:
                    await _whole(
                        streamed, self._sender.edit(destination, placeholder.number, Piece(text=text))
                    )
                    streamed.shown = text
                else:  # one that a crash left; it goes when this message comes
                    return
            except TelegramError as error:
                if isinstance(error, RetryAfter):
                    self._rate_limit.hold(destination.chat, seconds(error))
                return

    async def _begin(self, session: str, destination: Destination, streamed: StreamedText) -> None:
        try:
            (number,) = await self._sender.send(destination, Piece(text=EMPTY))
        except TelegramError as error:
            if doubtful(error):
                self._status.call_failed(doubtful=True)
            raise
        await self._placeholders.keep(session, destination, streamed.message, number)


async def _whole(streamed: StreamedText, work: Coroutine[Any, Any, Any]) -> None:
    """Do something to its end, even if who waits for it is told to stop."""
    streamed.call = asyncio.get_running_loop().create_task(work)
    await asyncio.shield(streamed.call)
