"""Time as a dependency: nothing in the daemon reads the system's clock but `SystemClock`."""

from __future__ import annotations

import asyncio
import heapq
import time
from itertools import count
from math import inf
from typing import Protocol


class Clock(Protocol):
    """A source of time; tests and `ses test` give a virtual one."""

    def now(self) -> float:
        """Seconds since 1970 (UTC), for what is stored and shown."""
        ...

    def monotonic(self) -> float:
        """Seconds since some instant, never going back, for durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when so many seconds have passed by this clock; at once (but not before others ran) for none."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class VirtualClock:
    """A clock that moves only when told to; `start` is in seconds since 1970 (UTC).

    `autojump`: whoever sleeps moves the clock on himself and is awake at once, for tests in which nobody else counts the time.
    Who sleeps for `inf` seconds never wakes.
    """

    def __init__(self, start: float, *, autojump: bool = False) -> None:
        self._now = start
        self._autojump = autojump
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        """A heap by the instant of waking."""

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        jumps = self._autojump and seconds < inf
        if jumps and seconds > 0:
            self.advance(seconds)
        if jumps or seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), woken))
        await woken

    @property
    def sleepers(self) -> tuple[float, ...]:
        """When those who sleep will wake, the earliest first."""
        return tuple(sorted(at for at, _, woken in self._sleepers if not woken.done()))

    def advance(self, seconds: float) -> None:
        """Move on by `seconds` ≥ 0. Those whose time has come wake in its order, when the loop goes on."""
        if seconds < 0:
            raise ValueError(f"time goes forward only, got {seconds}")
        self._now += seconds
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
