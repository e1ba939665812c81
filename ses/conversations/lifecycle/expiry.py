"""Session expiry: a session that expired and whose robot has an event `end` runs it once, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from ses.clock import Clock
from ses.connectors.contract import Refused
from ses.conversations.lifecycle.robots import Robots
from ses.messages import Inbound
from ses.storage.contract import Store
from ses.storage.rows import ExpiredRow

log = structlog.get_logger("ses.retention")

PAGE = 200
"""Expired sessions read at once."""
CONCURRENT = 16
"""Sessions whose `end` is under way: visitors' turns wait behind so many at most."""
END_TIMEOUT = 60.0
"""Seconds that one of them may take before it no longer counts among those."""
FIRST_EXPIRY = 30 * 86400.0
"""Seconds a session lives before its first turn is over."""
RETENTION = 86400.0
"""Seconds that a session's row and messages stay after its end: so long deliveries are tried."""


class ProcessInbound(Protocol):
    """`ses.conversations.conversations.Conversations.ask`."""

    def __call__(self, inbound: Inbound, *, timeout: float) -> Awaitable[object]: ...


def runs_end_event(robots: Robots, robot: str, connector: str) -> bool:
    """Whether a session of that robot and connector has an event `end` to run."""
    program = robots.newest(robot)
    return program is not None and program.at_event("end", _channel(connector)) is not None


def _channel(connector: str) -> str:
    return connector.partition(".")[0]


class SessionExpiry:
    """Writes an inbound `end` into each such session. The inbox makes it durable and, by its id, unique."""

    def __init__(self, store: Store, robots: Robots, process: ProcessInbound, clock: Clock) -> None:
        self._store = store
        self._robots = robots
        self._process = process
        self._clock = clock

    async def sweep(self) -> int:
        """End every session that has expired by now; how many ended."""
        if not any(_has_end_event(self._robots, robot) for robot in self._robots.ids()):
            return 0
        now, after, ended = self._clock.now(), 0, 0
        room = asyncio.Semaphore(CONCURRENT)
        while rows := await self._store.expired(now, after, PAGE):
            after = rows[-1].row
            async with asyncio.TaskGroup() as turns:
                for row in rows:
                    if row.begun and runs_end_event(self._robots, row.robot, row.connector):
                        await room.acquire()
                        turns.create_task(self._end(row, room.release))
                        ended += 1
        return ended

    async def _end(self, row: ExpiredRow, done: Callable[[], None]) -> None:
        inbound = Inbound(
            connector=row.connector,
            session=row.session,
            id=f"~end-{row.turn}",
            robot=row.robot,
            channel=_channel(row.connector),
            at=self._clock.now(),
            event="end",
        )
        try:
            await self._process(inbound, timeout=END_TIMEOUT)
        except Refused as refusal:  # it waits in the inbox, or is found again in the next round
            log.info("a session's end is late", session=row.session, reason=str(refusal))
        finally:
            done()


def _has_end_event(robots: Robots, robot: str) -> bool:
    program = robots.newest(robot)
    return program is not None and any(event.partition("@")[0] == "end" for event in program.events)
