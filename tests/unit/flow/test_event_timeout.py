"""An event is waited for, and no longer than the clock allows."""

from __future__ import annotations

import asyncio

from ses.clock import VirtualClock
from ses.flow.event_timeout import wait_at_most


async def test_an_event_ends_the_wait() -> None:
    clock, event = VirtualClock(0), asyncio.Event()
    waiting = asyncio.create_task(wait_at_most(event, 5, clock))
    await asyncio.sleep(0)
    event.set()
    assert await waiting
    await asyncio.sleep(0)
    assert not clock.sleepers, "a wait that is over leaves nothing behind"


async def test_time_ends_the_wait_and_not_before() -> None:
    clock, event = VirtualClock(0), asyncio.Event()
    waiting = asyncio.create_task(wait_at_most(event, 5, clock))
    while not clock.sleepers:
        await asyncio.sleep(0)
    clock.advance(4)
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.advance(1)
    assert not await waiting


async def test_an_event_that_is_set_already_is_not_waited_for() -> None:
    event = asyncio.Event()
    event.set()
    assert await wait_at_most(event, 5, VirtualClock(0))
