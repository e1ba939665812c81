"""How often a community's token may call: VK allows twenty calls a second, whoever makes them."""

from __future__ import annotations

from ses.clock import Clock
from ses.flow.token_bucket import Rate, TokenBucket

RATE = 18.0
"""Calls a second; two are left for what others do with the same token."""


class RateLimit:
    """Each caller waits for its turn, in the order they came."""

    def __init__(self, clock: Clock, per_second: float = RATE) -> None:
        self._clock = clock
        self._rate = Rate(per_second, burst=1)
        self._calls = TokenBucket(self._rate, clock.monotonic())

    async def turn(self) -> None:
        """Return when a call may be made."""
        wait = self._calls.reserve(self._rate, self._clock.monotonic())
        if wait > 0:
            await self._clock.sleep(wait)

    def at_once(self) -> float:
        """Take a turn if there is one now, and return 0; else the seconds until there will be one, none being taken."""
        return self._calls.take(self._rate, self._clock.monotonic())

    def hold(self, seconds: float) -> None:
        """VK complained: nobody calls for a while."""
        now = self._clock.monotonic()
        self._calls.level(self._rate, now)
        self._calls.hold(self._rate, now + seconds)
