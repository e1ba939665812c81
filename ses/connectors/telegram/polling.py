"""Long polling: `getUpdates` again and again. The offset moves only past what is on disk."""

from __future__ import annotations

from functools import partial
from typing import Any

from ses.clock import Clock
from ses.connectors.ack_window import AckWindow
from ses.connectors.telegram.client import Client, UpdatesBot
from ses.connectors.telegram.inbound import Received
from ses.connectors.telegram.intake import Intake
from ses.connectors.telegram.parse import Malformed, parse_polled
from ses.connectors.telegram.status import ConnectionStatus

ALBUM_WAIT = 0.7
"""Seconds until the news are asked for again when an album may be incomplete."""
AGAIN = 1.0
"""Seconds until the news are asked for again while something waits to be stored: Telegram answers at once then."""


class Poller:
    """Fetches the updates of one bot."""

    def __init__(
        self, client: Client, intake: Intake, status: ConnectionStatus, clock: Clock, *, wait: float
    ) -> None:
        """`wait`: seconds that Telegram holds a call until there is news."""
        self._client = client
        self._intake = intake
        self._status = status
        self._clock = clock
        self._wait = wait
        self._window: AckWindow[int, int] = AckWindow(clock)
        self._offset: int | None = None
        """What lies before it is confirmed with the next call."""

    async def run(self) -> None:
        """Fetch for ever. Raises `TelegramError`; called again it goes on where it was."""
        await self._client.call(lambda bot: bot.delete_webhook())
        wait = 0.0  # the first answer comes at once and says that all is well
        while True:
            updates = await self._fetch(wait)
            read = self._read(updates)
            if any(one is not None and one.album for _, one in read):
                await self._clock.sleep(ALBUM_WAIT)
                read = self._read(await self._fetch(0.0))
            self._enter(read)
            await self._window.settle(AGAIN)
            self._offset = self._window.acknowledge() or self._offset
            wait = 0.0 if self._window else self._wait

    async def _fetch(self, wait: float) -> list[dict[str, Any]]:
        """Updates that are not known yet."""
        updates = await self._client.call(partial(UpdatesBot.raw_updates, offset=self._offset, seconds=wait))
        self._status.connected()
        return [update for update in updates if update["update_id"] not in self._window]

    def _read(self, updates: list[dict[str, Any]]) -> list[tuple[int, Received | None]]:
        """Each update's number, and what of it is to be stored."""
        read: list[tuple[int, Received | None]] = []
        for update in updates:
            received = None
            try:
                received = self._intake.read(parse_polled(update))
            except Malformed as error:
                self._intake.left_out(error)
            read.append((update["update_id"], received))
        return read

    def _enter(self, read: list[tuple[int, Received | None]]) -> None:
        stored = iter(self._intake.enter_all([one for _, one in read if one is not None]))
        for number, one in read:
            self._window.add(number, next(stored) if one is not None else None)
            self._window.end_at(number + 1)
