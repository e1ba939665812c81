"""Long polling: `GET /updates` again and again. The marker moves only past what is on disk."""

from __future__ import annotations

from typing import Any

import msgspec

from ses.clock import Clock
from ses.connectors.ack_window import AckWindow
from ses.connectors.contract import Reception
from ses_connector_max.client import READ, CallFailed, Client
from ses_connector_max.intake import Intake
from ses_connector_max.parse import Page
from ses_connector_max.status import ConnectionStatus

WAIT = 30
"""Seconds that MAX holds a call until there is news."""
LIMIT = 100
"""Updates of one call."""
GAP = 0.5
"""Seconds between two calls: MAX takes two polls a second."""
AGAIN = 1.0
"""Seconds until the news are asked for again while something waits to be stored."""


class Poller:
    """Fetches the updates of one bot."""

    def __init__(
        self,
        client: Client,
        reception: Reception,
        intake: Intake,
        status: ConnectionStatus,
        clock: Clock,
        *,
        wait: int = WAIT,
    ) -> None:
        """`wait`: seconds that MAX holds a call until there is news."""
        self._client = client
        self._reception = reception
        self._intake = intake
        self._status = status
        self._clock = clock
        self._wait = wait
        self._window: AckWindow[bytes, int] = AckWindow(clock)
        self._marker: int | None = None

    async def run(self) -> None:
        """Fetch for ever. Raises `CallFailed`; called again it goes on where it was."""
        for subscription in (await self._client.call("GET", "subscriptions")).get("subscriptions") or ():
            # MAX polls nobody whom it calls.
            await self._client.call("DELETE", "subscriptions", query={"url": subscription.get("url")})
        noted = await self._reception.recall(self._status.name, "marker")
        self._marker = int(noted) if noted else None
        wait = 0
        while True:
            self._enter(await self._fetch(wait))
            await self._window.settle(AGAIN)
            await self._acknowledge()
            wait = 0 if self._window else self._wait
            await self._clock.sleep(GAP)

    async def _fetch(self, wait: int) -> Page:
        query = {"limit": LIMIT, "timeout": wait, "marker": self._marker}
        page = _page(await self._client.call("GET", "updates", query=query, read=READ + wait))
        self._status.connected()
        return page

    def _enter(self, page: Page) -> None:
        for raw in page.updates:
            update = bytes(raw)
            if update not in self._window:
                received = self._intake.read(update)
                self._window.add(update, self._intake.enter(received) if received is not None else None)
        if page.marker is not None:
            self._window.end_at(page.marker)

    async def _acknowledge(self) -> None:
        """First on this disk, then, with the next call, at MAX."""
        marker = self._window.acknowledge()
        if marker is not None and marker != self._marker:
            await self._reception.remember(self._status.name, "marker", str(marker))
            self._marker = marker


def _page(answer: Any) -> Page:
    """The updates stay as they came: bytes, each read by itself."""
    try:
        return msgspec.json.decode(msgspec.json.encode(answer), type=Page)
    except msgspec.ValidationError as error:
        raise CallFailed(
            "GET /updates", 0, "", f"an answer that is none: {error}"[:200], left=False
        ) from None
