"""A website's side of the daemon on a real port, over a reception in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from ses.connectors.testing import MemoryReception, echo
from ses.connectors.web.config import Listener, Site, WebLimits
from ses.connectors.web.connector import WebConnector
from ses.connectors.web.routes import WebRoutes
from ses.connectors.web.testing import Page, pages

ORIGIN = "https://shop.example"
GENEROUS = WebLimits(messages=100_000, per=1, burst=100_000)


@dataclass
class Running:
    """One daemon's life over a store that outlives it."""

    base: str
    reception: MemoryReception
    connector: WebConnector
    page: Callable[[], Page]
    sleeps: list[float] = field(default_factory=list)


@asynccontextmanager
async def running(
    reception: MemoryReception,
    *,
    limits: WebLimits = GENEROUS,
    port: int = 0,
    robot: Path = Path("/nonexistent"),
    listener: Listener | None = None,
    **site,
):
    site = {"robot": "echo", "token": "T0ken", "origins": frozenset({ORIGIN}), **site}
    sleeps: list[float] = []

    async def sleep(seconds: float) -> None:
        if seconds == limits.heartbeat:
            await asyncio.Event().wait()  # the heart beats when a test says so
        sleeps.append(seconds)

    connector = WebConnector(Site(name="site", **site), limits, sleep=sleep)
    reception.serve(connector)
    await connector.start(reception)
    app = web.Application()
    app.add_routes(WebRoutes({"site": connector}, lambda _id: robot, listener).routes())
    runner = web.AppRunner(app)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", port)
    await server.start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with pages(base, "site", site["token"], origin=ORIGIN) as page:
            yield Running(base, reception, connector, page, sleeps)
    finally:
        await connector.stop()
        await runner.cleanup()


@pytest.fixture
def start():
    """`async with start(reception, …) as daemon`"""
    return running


@pytest.fixture
async def daemon():
    async with running(MemoryReception(echo)) as started:
        yield started
