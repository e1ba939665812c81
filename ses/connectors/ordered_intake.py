"""How a connector hands in what it fetched: conversations beside each other, each in its order, nothing dropped that
may be taken a moment later."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection

import structlog

from ses.connectors.contract import Reception, Refused
from ses.messages import Inbound

log = structlog.get_logger("ses.connectors")

PATIENCE = 5.0
"""Seconds between attempts when the reception breaks without saying when to come again."""
HELD = 100
"""Inbounds of one conversation that wait for their time; a person who sends more at once is not heard."""


class OrderedIntake:
    """Each conversation has a line of its own while something of it waits."""

    def __init__(
        self,
        reception: Reception,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        dropped: Collection[str] = (),
    ) -> None:
        """`dropped`: codes of refusals that are final, whatever they say of another time."""
        self._dropped = dropped
        self._reception = reception
        self._sleep = sleep
        self._lines: dict[str, _Line] = {}

    @property
    def waiting(self) -> int:
        """Inbounds that are not durable yet."""
        return sum(len(line.waiting) for line in self._lines.values())

    def enter(self, inbound: Inbound) -> asyncio.Future[bool]:
        """Put an inbound into its conversation's line. The future is true when it is durable, false when it never will be:
        refused for good, or one too many."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        line = self._lines.get(inbound.session)
        if line is None:
            line = self._lines[inbound.session] = _Line()
        elif len(line.waiting) >= HELD:
            log.warning(
                "a message of a flood is dropped", connector=inbound.connector, session=inbound.session
            )
            future.set_result(False)
            return future
        line.waiting.append((inbound, future))
        if line.task is None:
            line.task = asyncio.create_task(self._run(inbound.session, line))
        return future

    async def at_most(self, waiting: int) -> None:
        """Return when no more than so many are waiting, so that a connector fetches nothing it cannot hand in."""
        while self.waiting > waiting:
            futures = [future for line in self._lines.values() for _, future in line.waiting]
            await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)

    async def close(self) -> None:
        """Give up what waits: it was not acknowledged, its sender has it still."""
        tasks = [line.task for line in self._lines.values() if line.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, session: str, line: _Line) -> None:
        try:
            while line.waiting:
                inbound, future = line.waiting[0]
                taken = await self._hand_in(inbound)
                line.waiting.popleft()
                if not future.done():
                    future.set_result(taken)
        finally:
            del self._lines[session]
            for _, future in line.waiting:
                future.cancel()

    async def _hand_in(self, inbound: Inbound) -> bool:
        while True:
            try:
                await self._reception.receive(inbound)
            except Refused as refusal:
                if refusal.code in self._dropped:
                    log.info("a message is not taken", connector=inbound.connector, code=refusal.code)
                    return False
                if refusal.retry_after is None:
                    # Its text says all; a traceback would hide it.
                    log.error(  # noqa: TRY400
                        "a message was refused",
                        connector=inbound.connector,
                        code=refusal.code,
                        reason=str(refusal),
                    )
                    return False
                await self._sleep(refusal.retry_after)
            except Exception:
                log.exception("an inbound could not be stored", connector=inbound.connector)
                await self._sleep(PATIENCE)
            else:
                return True


class _Line:
    __slots__ = ("task", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[tuple[Inbound, asyncio.Future[bool]]] = deque()
        self.task: asyncio.Task[None] | None = None
