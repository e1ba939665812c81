"""How often a community's token may call: VK allows twenty calls a second, whoever makes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ses.clock import Clock

RATE = 18.0
"""Calls a second; two are left for what others do with the same token."""


class Pace:
    """Each caller waits for its turn, in the order they came."""

    def __init__(
        self,
        clock: Clock,
        rate: float = RATE,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._gap = 1.0 / rate
        self._sleep = sleep
        self._next = 0.0
        """When the next call may be made (monotonic)."""

    async def turn(self) -> None:
        """Return when a call may be made."""
        now = self._clock.monotonic()
        at = max(now, self._next)
        self._next = at + self._gap
        if at > now:
            await self._sleep(at - now)

    def at_once(self) -> float:
        """Take a turn if there is one now, and return 0; else the seconds until there will be one, none being taken."""
        now = self._clock.monotonic()
        if self._next > now:
            return self._next - now
        self._next = now + self._gap
        return 0.0

    def hold(self, seconds: float) -> None:
        """VK complained: nobody calls for a while."""
        self._next = max(self._next, self._clock.monotonic() + seconds)
