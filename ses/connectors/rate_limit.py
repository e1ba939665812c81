"""How fast a bot may speak: so much in one chat, so much in all."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from ses.clock import Clock

KEPT = 10_000
"""Chats whose bucket is remembered; that of a chat left alone for a minute is full anyway."""


class Bucket:
    """So many at once, then one each `interval` seconds."""

    __slots__ = ("_burst", "_interval", "_next")

    def __init__(self, interval: float, burst: int) -> None:
        self._interval = interval
        self._burst = burst
        self._next = 0.0
        """When the bucket is full again, plus what was taken on credit: monotonic seconds."""

    def take(self, now: float) -> float:
        """Take one; the seconds until it may go."""
        self._next = max(self._next, now) + self._interval
        return max(0.0, self._next - now - self._interval * self._burst)

    def room(self, now: float, left: int) -> bool:
        """Whether one may go at once, and so many after it."""
        return max(self._next, now) + self._interval * (1 + left) <= now + self._interval * self._burst

    def hold(self, until: float) -> None:
        """Nothing before that instant."""
        self._next = max(self._next, until + self._interval * (self._burst - 1))


class Pace:
    """The buckets of one bot."""

    def __init__(
        self,
        clock: Clock,
        *,
        all_chats: Bucket,
        chat: Callable[[int], Bucket],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`chat`: a full bucket for a chat that is spoken to for the first time."""
        self._clock = clock
        self._sleep = sleep
        self._all = all_chats
        self._new = chat
        self._chats: OrderedDict[int, Bucket] = OrderedDict()

    async def turn(self, chat: int) -> None:
        """Wait until a message may go to that chat."""
        now = self._clock.monotonic()
        wait = self._chat(chat).take(now)
        if wait > 0:
            await self._sleep(wait)
            now = self._clock.monotonic()
        # The bot's own bucket is asked last: who waits for his chat must not hold up the others.
        wait = self._all.take(now)
        if wait > 0:
            await self._sleep(wait)

    def spare(self, chat: int) -> bool:
        """Whether something that may be left out may go: there is room for it, and for what may not be left out."""
        now = self._clock.monotonic()
        return self._all.room(now, 10) and self._chat(chat).room(now, 2)

    def hold(self, chat: int, seconds: float) -> None:
        """The messenger asked for a pause in that chat."""
        self._chat(chat).hold(self._clock.monotonic() + seconds)

    def _chat(self, chat: int) -> Bucket:
        bucket = self._chats.get(chat)
        if bucket is None:
            bucket = self._chats[chat] = self._new(chat)
            if len(self._chats) > KEPT:
                self._chats.popitem(last=False)
        else:
            self._chats.move_to_end(chat)
        return bucket
