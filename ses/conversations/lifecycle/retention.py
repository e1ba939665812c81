"""What is removed by and by: sessions whose time ran out and that have ended, versions of robots that nobody rests in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import structlog

from ses.clock import Clock
from ses.conversations.lifecycle.expiry import runs_end_event
from ses.conversations.lifecycle.robots import Robots
from ses.errors import SesError
from ses.storage.contract import Store
from ses.storage.rows import ExpiredRow

log = structlog.get_logger("ses.retention")

PERIOD = 600.0
"""Seconds between two sweeps."""
CALLS = 30 * 86400.0
"""Seconds a call of another system is known by its id."""
PAGE = 200
"""Sessions removed in one transaction, so that turns do not wait behind a long one."""


async def sweep_periodically(
    sweep: Callable[[], Awaitable[object]], failure: str, *, clock: Clock, period: float
) -> None:
    """Sweep every `period` seconds until cancelled; `failure` is what the log says of a sweep that the store refused."""
    while True:
        await clock.sleep(period)
        try:
            await sweep()
        except SesError as error:
            log.warning(failure, reason=str(error))


class Retention:
    """Removes what nobody needs any more."""

    def __init__(
        self, store: Store, robots: Robots, forget: Callable[[Iterable[int]], list[int]], clock: Clock
    ) -> None:
        """`forget` drops the sessions of these rows from memory; it returns those that are not at work."""
        self._store = store
        self._robots = robots
        self._forget = forget
        self._clock = clock

    async def sweep(self) -> int:
        """Remove everything that has expired; how many sessions went."""
        await self._robots.sweep()
        now, after, gone = self._clock.now(), 0, 0
        await self._store.drop_external(now - CALLS, now)
        while rows := await self._store.expired(now, after, PAGE):
            after = rows[-1].row
            # Forgotten here before they go there: a message that comes meanwhile finds or begins its session anew.
            doomed = self._forget(row.row for row in rows if not self._to_end(row))
            if doomed:
                gone += await self._store.remove(doomed, now)
        return gone

    def _to_end(self, row: ExpiredRow) -> bool:
        """Its event `end` is still to run, or nobody knows because the robot is broken."""
        return row.begun and (
            row.robot in self._robots.unknown or runs_end_event(self._robots, row.robot, row.connector)
        )
