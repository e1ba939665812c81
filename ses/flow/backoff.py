"""Back-off: the pauses between attempts at something that fails."""

from __future__ import annotations

import random
from collections.abc import Callable

JITTER = 0.5
"""The part of a pause that chance decides, so that those who failed together do not come back together."""


class Backoff:
    """Exponential back-off with jitter: each pause is up to twice the one before, up to `longest` seconds."""

    __slots__ = ("_chance", "_first", "_longest", "failures")

    def __init__(self, first: float, longest: float, *, chance: Callable[[], float] = random.random) -> None:
        """`first`, `longest`: seconds. `chance` gives numbers in [0, 1)."""
        self._first = first
        self._longest = longest
        self._chance = chance
        self.failures = 0
        """Attempts that failed since the last success."""

    def next(self) -> float:
        """Count a failure; the seconds to wait before the next attempt."""
        pause = min(self._longest, self._first * 2.0 ** min(self.failures, 64))
        self.failures += 1
        return pause * (1 - JITTER * self._chance())

    def reset(self) -> None:
        """It worked: the next pause is a first one."""
        self.failures = 0
