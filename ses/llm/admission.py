"""Admission control: a bounded number of requests run, a bounded number wait, the most urgent goes first."""

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


class AdmissionControl:
    """Of one engine. A person never waits behind work that nobody waits for: when the queue is full, the latest of the
    least urgent is dropped from it.
    """

    def __init__(self, *, concurrency: int, waiting: int, clock: Clock) -> None:
        self._free = self._concurrency = concurrency
        self._queue_limit = waiting
        self._clock = clock
        self._queues: dict[Priority, deque[asyncio.Future[None]]] = {priority: deque() for priority in ORDER}
        self._seconds = 1.0
        """Of a request, a moving average: what `retry_after` is reckoned from."""

    @property
    def running(self) -> int:
        return self._concurrency - self._free

    @property
    def waiting(self) -> int:
        return sum(map(len, self._queues.values()))

    @asynccontextmanager
    async def admitted(self, priority: Priority) -> AsyncIterator[float]:
        """Run as one of those; yields the seconds that were waited. Raises `EngineBusy` when the queue is full."""
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
            self._admit_next()

    async def _wait(self, priority: Priority) -> None:
        if self.waiting >= self._queue_limit:
            self._drop_less_urgent(priority)
        admitted = asyncio.get_running_loop().create_future()
        queue = self._queues[priority]
        queue.append(admitted)
        try:
            await admitted
        except BaseException:
            if admitted.done() and not admitted.cancelled() and admitted.exception() is None:
                self._free += 1  # admitted in the instant in which the caller left
                self._admit_next()
            elif admitted in queue:
                queue.remove(admitted)
            raise

    def _drop_less_urgent(self, priority: Priority) -> None:
        for less in reversed(ORDER[ORDER.index(priority) + 1 :]):
            if self._queues[less]:
                self._queues[less].pop().set_exception(self._busy())
                return
        raise self._busy()

    def _admit_next(self) -> None:
        for queue in self._queues.values():
            while queue and self._free:
                admitted = queue.popleft()
                if not admitted.done():
                    self._free -= 1
                    admitted.set_result(None)

    def _busy(self) -> EngineBusy:
        ahead = self._seconds * (self.waiting + 1) / self._concurrency
        return EngineBusy(
            f"the language model is busy: {self.running} requests run and {self.waiting} wait",
            retry_after=min(max(ahead, 1.0), LONGEST_RETRY),
        )
