"""Who goes next: a bounded number of requests at work, a bounded number that wait, the most urgent first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ses.clock import Clock
from ses.llm.errors import EngineBusy
from ses.llm.requests import Priority

ORDER: tuple[Priority, ...] = ("conversation", "gateway", "batch")
LONGEST_RETRY = 60.0
"""Seconds a caller is told to stay away at most."""


class Admission:
    """Places at an engine. A person never waits behind work that nobody waits for: when the room is full, the latest of
    the least urgent leaves it.
    """

    def __init__(self, *, places: int, waiting: int, clock: Clock) -> None:
        self._free = places
        self._places = places
        self._room = waiting
        self._clock = clock
        self._queues: dict[Priority, deque[asyncio.Future[None]]] = {priority: deque() for priority in ORDER}
        self._seconds = 1.0
        """Of a request, a moving average: what `retry_after` is reckoned from."""

    @property
    def running(self) -> int:
        return self._places - self._free

    @property
    def waiting(self) -> int:
        return sum(map(len, self._queues.values()))

    @asynccontextmanager
    async def place(self, priority: Priority) -> AsyncIterator[float]:
        """Hold a place; yields the seconds that were waited for it. Raises `EngineBusy` when there is no room to wait."""
        asked = self._clock.monotonic()
        if self._free and not self.waiting:
            self._free -= 1
        else:
            await self._wait(priority)
        began = self._clock.monotonic()
        try:
            yield began - asked
        finally:
            self._seconds += 0.1 * (self._clock.monotonic() - began - self._seconds)
            self._free += 1
            self._call_next()

    async def _wait(self, priority: Priority) -> None:
        if self.waiting >= self._room:
            self._make_room(priority)
        turn = asyncio.get_running_loop().create_future()
        queue = self._queues[priority]
        queue.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._free += 1  # called in the instant in which the caller left
                self._call_next()
            elif turn in queue:
                queue.remove(turn)
            raise

    def _make_room(self, priority: Priority) -> None:
        for less in reversed(ORDER[ORDER.index(priority) + 1 :]):
            if self._queues[less]:
                self._queues[less].pop().set_exception(self._busy())
                return
        raise self._busy()

    def _call_next(self) -> None:
        for queue in self._queues.values():
            while queue and self._free:
                turn = queue.popleft()
                if not turn.done():
                    self._free -= 1
                    turn.set_result(None)

    def _busy(self) -> EngineBusy:
        ahead = self._seconds * (self.waiting + 1) / self._places
        return EngineBusy(
            f"the language model is busy: {self.running} requests run and {self.waiting} wait",
            retry_after=min(max(ahead, 1.0), LONGEST_RETRY),
        )
