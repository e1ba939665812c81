"""Quarantine: poison candidates compute one at a time, each under an in-flight marker that outlives the process.

Only computing can bring the daemon down, so a candidate that waits for a service or for the disk lets the next one compute.
A death while it computed counts fully. That it ran at all counts an eighth, in case its service's answer is what
kills: who is there when the daemon is killed from outside now and then is not given up, who kills is, whatever the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog

from ses.clock import Clock
from ses.conversations.recovery.isolated import IsolatedModel, IsolatedServices, IsolatedVoices
from ses.dialogue.state.ports import Model, Services, Voices
from ses.storage.contract import Store, StoreUnavailable

log = structlog.get_logger("ses.recovery")

RUN_SUSPICION = 1
"""Suspicion that falls on a candidate each time it is run; `DEATH` is added for a death while it computed."""
PAUSE = 2.0


class Quarantine:
    """One candidate's right to compute. Implements `ses.conversations.turns.ports.Isolation`."""

    def __init__(self, store: Store, lock: asyncio.Lock, row: int, clock: Clock) -> None:
        """`lock` is common to all candidates, `row` that of its inbound."""
        self._store = store
        self._lock = lock
        self._row = row
        self._clock = clock
        self._holds_lock = False
        self._computing = False
        self._suspensions = 0
        """For how many things it waits at once."""

    async def enter(self) -> None:
        """Wait until no other candidate computes. Until `computing` it only reads what it needs, which kills nobody."""
        await self._lock.acquire()
        self._holds_lock = True
        await self._add_suspicion(RUN_SUSPICION)

    @contextmanager
    def computing(self) -> Iterator[None]:
        """A sudden death of the process in here is the candidate's fault, but for what it does `suspended`."""
        self._computing = True
        self._set_marker()
        try:
            yield
        finally:
            self._computing = False
            self._set_marker()

    @asynccontextmanager
    async def suspended(self) -> AsyncIterator[None]:
        """It waits for a service or the disk; several such waits may overlap."""
        self._suspensions += 1
        if self._suspensions == 1:
            self.leave()
        try:
            yield
        finally:
            self._suspensions -= 1
            if not self._suspensions:
                await self._lock.acquire()
                self._holds_lock = True
                self._set_marker()

    def leave(self) -> None:
        """All is computed, or the daemon stops."""
        if self._holds_lock:
            self._holds_lock = False
            self._store.mark_in_flight(0)
            self._lock.release()

    def services(self, services: Services) -> Services:
        return IsolatedServices(services, self)

    def model(self, model: Model) -> Model:
        return IsolatedModel(model, self)

    def voices(self, voices: Voices) -> Voices:
        return IsolatedVoices(voices, self)

    def _set_marker(self) -> None:
        if self._holds_lock:  # the marker is that of whoever has the lock
            self._store.mark_in_flight(self._row if self._computing else 0)

    async def _add_suspicion(self, points: int) -> None:
        while True:
            try:
                await self._store.add_suspicion(self._row, points)
                return
            except StoreUnavailable as error:
                log.warning("recovery waits for the store", reason=str(error))
                await self._clock.sleep(PAUSE)
