"""What MAX brings, on its way to the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from cachetools import LRUCache

from ses.clock import Clock
from ses.connectors.contract import Reception
from ses.connectors.ordered_intake import HELD, OrderedIntake
from ses_connector_max.config import Settings
from ses_connector_max.inbound import InboundReader, Received
from ses_connector_max.parse import Malformed, parse
from ses_connector_max.status import ConnectionStatus

log = structlog.get_logger("ses.connectors.max")

HELD_POLLING = 25
"""Inbounds of one conversation that wait while a bot polls: MAX shows so many updates of one marker that a single flood must
not fill them, or nobody else would be heard."""
REMEMBERED = 10_000
"""Chats that are known."""


class Intake:
    """Hands in what one bot is told."""

    def __init__(
        self,
        settings: Settings,
        reception: Reception,
        *,
        reader: InboundReader,
        status: ConnectionStatus,
        clock: Clock,
        answer: Callable[[str], None],
    ) -> None:
        """`answer`: what is done beside, when a button was pressed."""
        self._reader = reader
        self._status = status
        self._answer = answer
        held = HELD_POLLING if settings.mode == "polling" else HELD
        self._ordered = OrderedIntake(reception, status, clock, variables=settings.variables, held=held)
        self.chats: LRUCache[str, int] = LRUCache(REMEMBERED)
        """Session → where «typing…» is shown."""

    async def close(self) -> None:
        """Give up what waits: MAX has it still."""
        await self._ordered.close()

    def read(self, update: bytes) -> Received | None:
        """What of an update the robot is to hear."""
        try:
            return self._reader.read(parse(update))
        except Malformed as error:
            # It would come again and again, and never be understood.
            self._status.call_failed()
            log.warning(
                "an update is not understood and left out", connector=self._status.name, reason=str(error)
            )
            return None

    def has_room(self, received: Received) -> bool:
        """Whether it may wait here; MAX keeps it when not, and calls again."""
        return self._ordered.has_room(received.inbound.session)

    def enter(self, received: Received) -> asyncio.Future[bool]:
        """Hand in what a person did, in its order. Done when it is durable, or never will be."""
        inbound = received.inbound
        if received.chat is not None:
            self.chats[inbound.session] = received.chat
        stored = self._ordered.enter(
            inbound, written=received.written, wanted=_goes_on if received.begun_only else None
        )
        if callback := received.callback:
            stored.add_done_callback(lambda done: None if done.cancelled() else self._answer(callback))
        return stored


def _goes_on(begun: bool) -> bool:
    return begun
