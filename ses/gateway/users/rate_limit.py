"""Bounds how often a password is tried, for an address and for an account."""

from __future__ import annotations

from collections import OrderedDict

from ses.clock import Clock

MOST = 10
PER = 60.0
"""Seconds in which so many attempts are let through."""
REMEMBERED = 10_000
"""Addresses and accounts that are counted at once."""


class LoginRateLimit:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Whom → attempts left, and when that was."""

    def wait(self, *whom: str) -> float | None:
        """Count an attempt of each of these; seconds until the next when one of them had too many."""
        now = self._clock.monotonic()
        waits = [wait for one in whom if (wait := self._count(one, now)) is not None]
        return max(waits) if waits else None

    def _count(self, whom: str, now: float) -> float | None:
        left, since = self._left.pop(whom, (float(MOST), now))
        left = min(MOST, left + (now - since) * MOST / PER)
        denied = left < 1
        self._left[whom] = (left if denied else left - 1, now)
        if len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        return (1 - left) * PER / MOST if denied else None
