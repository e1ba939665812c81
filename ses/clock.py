"""Time as a dependency: nothing in the daemon reads the system's clock but `SystemClock`."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A source of time; tests and `ses test` give a virtual one."""

    def now(self) -> float:
        """Seconds since 1970 (UTC), for what is stored and shown."""
        ...

    def monotonic(self) -> float:
        """Seconds since some instant, never going back, for durations."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class VirtualClock:
    """A clock that moves only when told to; `start` is in seconds since 1970 (UTC)."""

    def __init__(self, start: float) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on by `seconds` ≥ 0."""
        if seconds < 0:
            raise ValueError(f"time goes forward only, got {seconds}")
        self._now += seconds
