"""Waiting for an event, at most for so long by the injected clock."""

from __future__ import annotations

import asyncio

from ses.clock import Clock


async def wait_at_most(event: asyncio.Event, seconds: float, clock: Clock) -> bool:
    """Return when the event is set or the seconds have passed; whether it is set."""
    if not event.is_set():
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
    return event.is_set()
