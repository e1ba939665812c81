"""What Telegram brings, on its way to the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from ses.clock import Clock
from ses.connectors.contract import Reception
from ses.connectors.ordered_intake import HELD, OrderedIntake
from ses.connectors.telegram.albums import AlbumCollector, grouped, one_album
from ses.connectors.telegram.config import Settings
from ses.connectors.telegram.destinations import Destinations
from ses.connectors.telegram.inbound import InboundReader, NotYours, PageTurn, Received
from ses.connectors.telegram.parse import Malformed, Update
from ses.connectors.telegram.presses import Presses
from ses.connectors.telegram.status import ConnectionStatus
from ses.messages import Conversation

log = structlog.get_logger("ses.connectors.telegram")

HELD_POLLING = 25
"""Inbounds of one conversation that wait while a bot polls. Telegram shows a hundred updates behind the oldest that is not
confirmed: a single flood must not fill them, or nobody else would be heard."""


class Intake:
    """Hands in what one bot is told; what concerns no robot is seen to here."""

    def __init__(
        self,
        settings: Settings,
        reception: Reception,
        *,
        reader: InboundReader,
        status: ConnectionStatus,
        destinations: Destinations,
        presses: Presses,
        clock: Clock,
    ) -> None:
        self._name = f"telegram.{settings.name}"
        self._reception = reception
        self._reader = reader
        self._status = status
        self._destinations = destinations
        self._presses = presses
        held = HELD_POLLING if settings.mode == "polling" else HELD
        self._ordered = OrderedIntake(reception, status, clock, variables=settings.variables, held=held)
        self._albums = AlbumCollector(self._enter, clock)

    async def close(self) -> None:
        await self._albums.close()
        await self._ordered.close()

    def read(self, update: Update) -> Received | None:
        """What of an update the robot is to hear."""
        read = self._reader.read(update)
        if isinstance(read, Received):
            if read.chat < 0:
                self._destinations.seen(read.inbound.session, read.chat, read.thread, read.message)
            return read
        if isinstance(read, NotYours):
            self._presses.not_yours(read)
        elif isinstance(read, PageTurn):
            self._presses.turn_page(read, Conversation(self._name, read.session), self._reception)
        return None

    def left_out(self, error: Malformed) -> None:
        """An update that would come again and again, and never be understood."""
        self._status.call_failed()
        log.warning("an update is not understood and left out", connector=self._name, reason=str(error))

    def enter_all(self, received: Sequence[Received]) -> list[asyncio.Future[bool]]:
        """Hand in what came at once, albums as one message. The future of each is done when it is durable, or never will
        be."""
        stored: dict[int, asyncio.Future[bool]] = {}
        for together in grouped(received):
            future = self._enter(one_album([received[number] for number in together]))
            stored |= dict.fromkeys(together, future)
        return [stored[number] for number in range(len(received))]

    def enter_alone(self, received: Received) -> asyncio.Future[bool] | None:
        """Hand in what came by itself; an album waits for its other parts. None: there is no room for it now."""
        if received.album:
            return self._albums.add(received)
        return self._enter(received) if self._ordered.has_room(received.inbound.session) else None

    def _enter(self, received: Received) -> asyncio.Future[bool]:
        stored = self._ordered.enter(received.inbound, written=received.sent)
        if callback := received.callback:  # the button may stop turning
            stored.add_done_callback(
                lambda done: None if done.cancelled() else self._presses.answer(callback)
            )
        return stored
