"""Ordered intake: how a connector hands in what people wrote. Conversations go beside each other, each in its order. What is
refused is kept and tried again, its sender's later ones wait behind it, and everybody else's go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from ses.clock import Clock
from ses.connectors.contract import Reception, Refused
from ses.connectors.status import ConnectionStatus
from ses.flow.backoff import Backoff
from ses.flow.keyed_queue import KeyedQueue
from ses.messages import Inbound

log = structlog.get_logger("ses.connectors")

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between attempts when the reception breaks without saying when to come again."""
HELD = 100
"""Inbounds of one flood that wait. What is more is dropped, for a messenger keeps one line for all: who would wait for the end
of every flood could be kept from hearing anybody by anyone."""
NOTHING: Mapping[str, Any] = {}

Wanted = Callable[[bool], bool]
"""Whether an inbound is to be heard in a conversation that has begun (true) or has not (false)."""


@dataclass(slots=True)
class _Waiting:
    inbound: Inbound
    written: float
    wanted: Wanted | None
    stored: asyncio.Future[bool]


class OrderedIntake:
    """The inbounds of one connector. The first one of each conversation brings the connector's `variables`."""

    def __init__(
        self,
        reception: Reception,
        status: ConnectionStatus,
        clock: Clock,
        *,
        variables: Mapping[str, Any] = NOTHING,
        held: int = HELD,
    ) -> None:
        """`held`: inbounds that wait at most in a conversation that is refused for a flood."""
        self._reception = reception
        self._status = status
        self._clock = clock
        self._variables = variables
        self._held = held
        self._queue: KeyedQueue[str, _Waiting] = KeyedQueue(self._hand_in)
        self._stored: dict[tuple[str, str], asyncio.Future[bool]] = {}
        """By session and id, of those that wait."""
        self._floods: set[str] = set()
        """Sessions whose first inbound was refused for a flood."""

    @property
    def waiting(self) -> int:
        """Inbounds that are not durable yet."""
        return self._queue.waiting

    def has_room(self, session: str) -> bool:
        """Whether another inbound of that conversation may wait. A messenger that calls is told to call again when not, so
        nothing of it is dropped."""
        return self._queue.of(session) < self._held

    def enter(
        self, inbound: Inbound, *, written: float = 0.0, wanted: Wanted | None = None
    ) -> asyncio.Future[bool]:
        """Put an inbound behind the others of its conversation. The future is true when it is durable, false when it never
        will be: not `wanted`, refused for good, or too much of a flood. One that waits already gets the future it has.

        `written`: seconds since 1970 by the other side's clock, 0 when it does not tell.
        """
        key = (inbound.session, inbound.id)
        if (known := self._stored.get(key)) is not None:
            return known
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._stored[key] = stored
        self._queue.put(inbound.session, _Waiting(inbound, written, wanted, stored))
        if inbound.session in self._floods:
            self._cut(inbound.session)
        return stored

    async def at_most(self, waiting: int) -> None:
        """Return when no more than so many are waiting, so that a connector fetches nothing it cannot hand in."""
        await self._queue.at_most(waiting)

    async def close(self) -> None:
        """Give up what waits: it was not acknowledged, its sender has it still."""
        for one in await self._queue.close():
            one.stored.cancel()
        self._stored.clear()

    async def _hand_in(self, session: str, one: _Waiting) -> None:
        self._settle(one, await self._until_settled(one))

    def _settle(self, one: _Waiting, stored: bool) -> None:
        del self._stored[one.inbound.session, one.inbound.id]
        if not one.stored.done():
            one.stored.set_result(stored)

    def _cut(self, session: str) -> None:
        """Drop what is too much of a flood."""
        for one in self._queue.cut(session, self._held):
            log.warning("a message of a flood is dropped", connector=one.inbound.connector, session=session)
            self._status.call_failed()
            self._settle(one, False)

    async def _until_settled(self, one: _Waiting) -> bool:
        """Try until it is durable, or never will be."""
        backoff: Backoff | None = None
        connector = one.inbound.connector
        while True:
            try:
                return await self._attempt(one)
            except Refused as refusal:
                if refusal.retry_after is None:
                    # Its text says all; a traceback would hide it.
                    log.error("a message was refused", connector=connector, code=refusal.code, reason=str(refusal))  # noqa: TRY400  # fmt: skip
                    self._status.call_failed()
                    return False
                pause = refusal.retry_after
                if refusal.code == "flood":
                    self._floods.add(one.inbound.session)
                    self._cut(one.inbound.session)
            except Exception:
                log.exception("an inbound could not be stored", connector=connector)
                backoff = backoff or Backoff(FIRST_PAUSE, LONGEST_PAUSE)
                pause = backoff.next()
            await self._clock.sleep(pause)

    async def _attempt(self, one: _Waiting) -> bool:
        inbound = one.inbound
        if one.wanted is not None or self._variables:
            # Whatever came before it is settled by now: of two that come at once only one finds nothing.
            begun = await self._reception.has_begun(inbound.conversation)
            wanted, one.wanted = one.wanted, None
            if wanted is not None and not wanted(begun):
                return False
            if self._variables:
                inbound.variables = {} if begun else dict(self._variables)
        await self._reception.receive(inbound)
        self._floods.discard(inbound.session)
        self._status.heard(one.written)
        return True
