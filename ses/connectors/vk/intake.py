"""What VK brings, on its way to the disk."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

import msgspec
import structlog

from ses.clock import Clock
from ses.connectors.contract import Reception
from ses.connectors.ordered_intake import OrderedIntake
from ses.connectors.vk.backfill import Backfill
from ses.connectors.vk.config import Community
from ses.connectors.vk.inbound import Arrived, PageTurn, Reader
from ses.connectors.vk.parse import Event, Malformed, Press, parse
from ses.connectors.vk.polling import News
from ses.connectors.vk.status import ConnectionStatus
from ses.messages import Inbound

log = structlog.get_logger("ses.connectors.vk")

HELD = 500
"""Inbounds that wait to be stored; above it no news is fetched."""
ONE_ACT = 30.0
"""Seconds in which allowing messages and «Начать» are one act of one person."""
REMEMBERED = 10_000

Stored = list[asyncio.Future[bool]]
"""True when it is durable, false when it never will be."""


class Place(msgspec.Struct):
    """How far a community's events were read."""

    ts: str = ""
    at: float = 0.0
    """When, seconds since 1970; 0: never."""


class Intake:
    """Hands in what one community is told; notes how far it has read."""

    def __init__(
        self,
        community: Community,
        reception: Reception,
        *,
        reader: Reader,
        missed: Backfill,
        standing: ConnectionStatus,
        clock: Clock,
        answer: Callable[[Press], None],
        turn_page: Callable[[PageTurn], None],
    ) -> None:
        """`answer`, `turn_page`: what is done beside, when a button was pressed."""
        self._name = f"vk.{community.name}"
        self._community = community
        self._reception = reception
        self._reader = reader
        self._missed = missed
        self._standing = standing
        self._clock = clock
        self._answer = answer
        self._turn_page = turn_page
        self._turnstile = OrderedIntake(reception)
        self._batches: asyncio.Queue[tuple[str, Stored]] = asyncio.Queue()
        self._begun: OrderedDict[str, float] = OrderedDict()
        """Conversations that are known to have begun, and when that was (monotonic)."""
        self.old_apps: set[int] = set()
        """People whose app shows no keyboards inside messages."""

    async def close(self) -> None:
        await self._turnstile.close()

    async def place(self) -> Place:
        """Where the last process ended."""
        noted = await self._reception.recall(self._name, "place")
        place = msgspec.json.decode(noted, type=Place) if noted else Place()
        self._missed.since = place.at
        return place

    async def news(self, news: News) -> None:
        """Take what a poll brought; returns when there is room for more."""
        self._standing.connected()
        stored: Stored = []
        for update in news.updates:
            try:
                stored += await self.take(parse(msgspec.json.encode(update)))
            except Malformed as error:
                log.warning("an event of VK cannot be read", connector=self._name, reason=str(error))
        if news.failed in (1, 3):
            log.warning("VK forgot some events; they are read from the conversations", connector=self._name)
            for arrived in await self._missed.fetch():
                stored += await self._arrive(arrived)
        self._batches.put_nowait((news.ts, stored))
        await self._turnstile.at_most(HELD)

    async def take(self, event: Event) -> Stored:
        """Take an event. Raises `Malformed`."""
        stored: Stored = []
        for arrived in self._reader.read(event):
            if isinstance(arrived, PageTurn):
                self._turn_page(arrived)
            else:
                stored += await self._arrive(arrived)
        return stored

    async def note_places(self) -> None:
        """A place is noted when everything before it is on disk: after a crash nothing is missing, and what comes twice
        is known by its id."""
        while True:
            ts, stored = await self._batches.get()
            await asyncio.gather(*stored, return_exceptions=True)
            self._missed.since = self._clock.now()
            place = msgspec.json.encode(Place(ts, self._missed.since)).decode()
            try:
                await self._reception.remember(self._name, "place", place)
            except Exception:
                log.exception("how far VK was read could not be noted", connector=self._name)

    async def _arrive(self, arrived: Arrived) -> Stored:
        inbound = arrived.inbound
        if arrived.client is not None and inbound.session.isdecimal():
            know = self.old_apps.discard if arrived.client.inline_keyboard else self.old_apps.add
            know(int(inbound.session))
        if not await self._wanted(arrived):
            return []
        self._standing.heard(arrived.written)
        stored = self._turnstile.enter(inbound)
        if (press := arrived.callback) is not None:
            stored.add_done_callback(lambda done: None if done.cancelled() else self._answer(press))
        return [stored]

    async def _wanted(self, arrived: Arrived) -> bool:
        """Whether it is for a conversation in this state. The first inbound of one brings the connector's variables."""
        inbound, now = arrived.inbound, self._clock.monotonic()
        begun = await self._has_begun(inbound)
        if (arrived.begun_only and not begun) or (arrived.fresh_only and begun):
            return False
        if not begun:
            inbound.variables = dict(self._community.variables)
            self._begin(inbound.session, now)
            return True
        again = (
            inbound.event == "start" and not inbound.payload and now - self._begun[inbound.session] < ONE_ACT
        )
        return not again

    async def _has_begun(self, inbound: Inbound) -> bool:
        if inbound.session in self._begun:
            return True
        begun = bool(await self._reception.history(inbound.conversation, after=None, limit=1))
        if begun:
            self._begin(inbound.session, float("-inf"))
        return begun

    def _begin(self, session: str, now: float) -> None:
        self._begun[session] = now
        if len(self._begun) > REMEMBERED:
            self._begun.popitem(last=False)
