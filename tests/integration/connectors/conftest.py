"""Each connector with the double of its other side, behind one small face, so that the contract is tested once.

A new connector adds a class like `WebSide` and its name to `SIDES`.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from ses.connectors.testing import MemoryReception
from ses.connectors.web.config import Site, WebLimits
from ses.connectors.web.connector import WebConnector
from ses.connectors.web.routes import WebRoutes
from ses.connectors.web.testing import Page, pages
from ses.messages import Conversation

ORIGIN = "https://shop.example"


class WebSide:
    """The website's widget: a person is a page."""

    resends = True
    """The sender repeats what was not acknowledged, under the same id."""

    def __init__(self, reception: MemoryReception) -> None:
        self._reception = reception
        self.connector = WebConnector(
            Site(name="site", robot="echo", token="t", origins=frozenset({ORIGIN})),
            WebLimits(messages=1e6, per=1, burst=1e6),
        )

    @asynccontextmanager
    async def running(self):
        self._reception.serve(self.connector)
        await self.connector.start(self._reception)
        app = web.Application()
        app.add_routes(WebRoutes({"site": self.connector}, lambda _robot: Path("/nonexistent")).routes())
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            async with pages(base, "site", "t", origin=ORIGIN) as self._page:
                yield self
        finally:
            await self.connector.stop()
            await runner.cleanup()

    async def person(self) -> WebPerson:
        page = self._page()
        await page.connect()
        return WebPerson(page, self.connector.name)


class WebPerson:
    def __init__(self, page: Page, connector: str) -> None:
        self._page = page
        self._connector = connector

    @property
    def conversation(self) -> Conversation:
        assert self._page.session is not None
        return Conversation(self._connector, self._page.session)

    async def say(self, text: str, id: str | None = None) -> str:
        return await self._page.say(text, id)

    async def press(self, button: str) -> str:
        return await self._page.press(button)

    async def acknowledged(self, id: str) -> None:
        """Return when the sender was told that it is stored."""
        while id not in self._page.acknowledged:
            await self._page.receive()

    async def is_unacknowledged(self, id: str) -> bool:
        """Wait a moment for an acknowledgement that must not come."""
        try:
            async with asyncio.timeout(0.1):
                await self.acknowledged(id)
        except TimeoutError:
            return True
        return False

    async def reads(self, count: int) -> list[str]:
        """The first `count` texts of the robot, in order, each once."""
        while len(self._page.shown) < count:
            await self._page.receive()
        return [self._page.shown[seq]["text"] for seq in sorted(self._page.shown)][:count]


SIDES = {"web": WebSide}


@pytest.fixture(params=SIDES)
async def side(request):
    """A running connector over a reception in memory."""
    async with SIDES[request.param](MemoryReception()).running() as side:
        yield side


@pytest.fixture
def reception(side):
    return side._reception
