"""An acknowledgement window: what was fetched from a messenger that keeps one position for all, and may not be acknowledged
yet. It is acknowledged up to the first that is not durable, while those behind it are handed in already."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from itertools import islice
from typing import Generic, TypeVar

from ses.clock import Clock

K = TypeVar("K", bound=Hashable)
P = TypeVar("P")


class AckWindow(Generic[K, P]):
    """Updates in the order they were fetched. Bounded by what the messenger hands out of the same position."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._updates: dict[K, asyncio.Future[bool] | None] = {}
        self._passed = 0
        """Updates that were acknowledged and are forgotten."""
        self._positions: deque[tuple[int, P]] = deque()
        """How many updates lie before each position, those that passed among them."""

    def __len__(self) -> int:
        return len(self._updates)

    def __contains__(self, update: K) -> bool:
        return update in self._updates

    def add(self, update: K, stored: asyncio.Future[bool] | None) -> None:
        """`stored` is done when it is durable, or never will be; none for what is not to be stored."""
        self._updates[update] = stored

    def end_at(self, position: P) -> None:
        """Everything added so far lies before this position."""
        here = (self._passed + len(self._updates), position)
        if not self._positions or self._positions[-1] != here:
            self._positions.append(here)

    async def settle(self, seconds: float) -> None:
        """Return when all is durable, at the latest after so many seconds."""
        waiting = [one for one in self._updates.values() if one is not None and not one.done()]
        if not waiting:
            return
        # Not cancelled with the wait: those futures belong to the intake.
        everything = asyncio.gather(*waiting, return_exceptions=True)
        timer = asyncio.get_running_loop().create_task(self._clock.sleep(seconds))
        try:
            await asyncio.wait((everything, timer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()

    def acknowledge(self) -> P | None:
        """The furthest position before which all is durable; what lies before it is forgotten. None: no further than
        before."""
        reached: P | None = None
        while self._positions:
            end, position = self._positions[0]
            before = [*islice(self._updates, end - self._passed)]
            if not all(_settled(self._updates[one]) for one in before):
                break
            for one in before:
                del self._updates[one]
            self._passed = end
            self._positions.popleft()
            reached = position
        return reached


def _settled(stored: asyncio.Future[bool] | None) -> bool:
    return stored is None or (stored.done() and not stored.cancelled())
