"""What VK brings, on its way to the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import msgspec
import structlog
from cachetools import TTLCache

from ses.clock import Clock
from ses.connectors.contract import Reception
from ses.connectors.ordered_intake import OrderedIntake
from ses.connectors.vk.backfill import Backfill
from ses.connectors.vk.config import Settings
from ses.connectors.vk.inbound import InboundReader, PageTurn, Received
from ses.connectors.vk.parse import Event, Malformed, Press, parse
from ses.connectors.vk.polling import News
from ses.connectors.vk.status import ConnectionStatus

log = structlog.get_logger("ses.connectors.vk")

HELD = 500
"""Inbounds that wait to be stored; above it no news is fetched."""
ONE_ACT = 30.0
"""Seconds in which allowing messages and «Начать» are one act of one person."""
REMEMBERED = 10_000

Stored = list[asyncio.Future[bool]]
"""True when it is durable, false when it never will be."""


class LongPollCursor(msgspec.Struct):
    """How far a community's events were read."""

    ts: str = ""
    at: float = 0.0
    """When, seconds since 1970; 0: never."""


class Intake:
    """Hands in what one community is told; notes how far it has read."""

    def __init__(
        self,
        settings: Settings,
        reception: Reception,
        *,
        reader: InboundReader,
        backfill: Backfill,
        status: ConnectionStatus,
        clock: Clock,
        answer: Callable[[Press], None],
        turn_page: Callable[[PageTurn], None],
    ) -> None:
        """`answer`, `turn_page`: what is done beside, when a button was pressed."""
        self._name = f"vk.{settings.name}"
        self._reception = reception
        self._reader = reader
        self._backfill = backfill
        self._status = status
        self._clock = clock
        self._answer = answer
        self._turn_page = turn_page
        self._ordered = OrderedIntake(reception, status, clock, variables=settings.variables)
        self._batches: asyncio.Queue[tuple[str, Stored]] = asyncio.Queue()
        self._just_begun: TTLCache[str, None] = TTLCache(REMEMBERED, ONE_ACT, timer=clock.monotonic)
        """Conversations that have begun a moment ago."""
        self.old_apps: set[int] = set()
        """People whose app shows no keyboards inside messages."""

    async def close(self) -> None:
        await self._ordered.close()

    async def cursor(self) -> LongPollCursor:
        """Where the last process ended."""
        noted = await self._reception.recall(self._name, "place")
        cursor = msgspec.json.decode(noted, type=LongPollCursor) if noted else LongPollCursor()
        self._backfill.since = cursor.at
        return cursor

    async def news(self, news: News) -> None:
        """Hand in what a poll brought; returns when there is room for more."""
        self._status.connected()
        stored: Stored = []
        for update in news.updates:
            try:
                stored += self.enter(self.read(parse(msgspec.json.encode(update))))
            except Malformed as error:
                log.warning("an event of VK cannot be read", connector=self._name, reason=str(error))
        if news.failed in (1, 3):
            log.warning("VK forgot some events; they are read from the conversations", connector=self._name)
            stored += self.enter(await self._backfill.fetch())
        self._batches.put_nowait((news.ts, stored))
        await self._ordered.at_most(HELD)

    def read(self, event: Event) -> list[Received]:
        """What of an event the robot is to hear; the rest is seen to here. Raises `Malformed`."""
        received: list[Received] = []
        for one in self._reader.read(event):
            if isinstance(one, PageTurn):
                self._turn_page(one)
            else:
                received.append(one)
        return received

    def has_room(self, received: Sequence[Received]) -> bool:
        """Whether it may wait here; VK keeps it when not, and calls again."""
        return all(self._ordered.has_room(one.inbound.session) for one in received)

    def enter(self, received: Iterable[Received]) -> Stored:
        """Hand in what a person did, in its order."""
        return [self._enter(one) for one in received]

    async def note_cursors(self) -> None:
        """A cursor is noted when everything before it is on disk: after a crash nothing is missing, and what comes twice
        is known by its id."""
        while True:
            ts, stored = await self._batches.get()
            await asyncio.gather(*stored, return_exceptions=True)
            self._backfill.since = self._clock.now()
            cursor = msgspec.json.encode(LongPollCursor(ts, self._backfill.since)).decode()
            try:
                await self._reception.remember(self._name, "place", cursor)
            except Exception:
                log.exception("how far VK was read could not be noted", connector=self._name)

    def _enter(self, received: Received) -> asyncio.Future[bool]:
        inbound = received.inbound
        if received.client is not None and inbound.session.isdecimal():
            know = self.old_apps.discard if received.client.inline_keyboard else self.old_apps.add
            know(int(inbound.session))
        wanted = partial(self._is_wanted, received)
        stored = self._ordered.enter(inbound, written=received.written, wanted=wanted)
        if (press := received.callback) is not None:
            stored.add_done_callback(lambda done: None if done.cancelled() else self._answer(press))
        return stored

    def _is_wanted(self, received: Received, begun: bool) -> bool:
        """Whether it is for a conversation in this state."""
        if (received.begun_only and not begun) or (received.fresh_only and begun):
            return False
        session = received.inbound.session
        if not begun:
            self._just_begun[session] = None
            return True
        bare_start = received.inbound.event == "start" and not received.inbound.payload
        return not (bare_start and session in self._just_begun)
