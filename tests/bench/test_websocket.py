"""What a website's message costs the daemon's process: websocket in, acknowledgement and answer out.

The store is a dictionary here, so the figure is the connector's own. The whole way is measured beside it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from multiprocessing.connection import Connection

import uvloop
from aiohttp import ClientSession, web

from doubles.web import Page
from ses.connectors.testing import MemoryReception
from ses.connectors.web.config import Site, WebLimits
from ses.connectors.web.connector import WebConnector
from ses.connectors.web.routes import WebRoutes

DIALOGUES = 500
MESSAGES = 20_000
BUDGET = 60
"""Microseconds a message."""
ORIGIN = "https://shop.example"


def serve(pipe: Connection) -> None:
    """The daemon's side, in a process of its own; answers each line on `pipe` with its CPU seconds."""

    async def main() -> None:
        reception = MemoryReception()
        site = Site(name="site", robot="echo", token="t", origins=frozenset({ORIGIN}))
        connector = WebConnector(site, WebLimits(messages=1e9, per=1, burst=1e9))
        reception.serve(connector)
        await connector.start(reception)
        app = web.Application()
        app.add_routes(WebRoutes({"site": connector}, lambda _robot: None).routes())
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(runner.addresses[0][1])
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, pipe.recv):
            times = os.times()
            pipe.send(times.user + times.system)
        await connector.stop()
        await runner.cleanup()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def talk(page: Page, messages: int) -> None:
    for _ in range(messages):
        await page.ask("хочу большую пиццу")


def test_a_message_over_the_websocket(figure):
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,))
    server.start()
    url = f"http://127.0.0.1:{mine.recv()}/ses/ws?site&token=t"

    def cpu() -> float:
        mine.send(True)
        seconds: float = mine.recv()
        return seconds

    async def main() -> float:
        from aiohttp import TCPConnector

        async with ClientSession(connector=TCPConnector(limit=0)) as http:
            pages = [Page(url, origin=ORIGIN, session=http) for _ in range(DIALOGUES)]
            for page in pages:
                await page.connect()
            await asyncio.gather(*(talk(page, 2) for page in pages))  # warm
            before = cpu()
            await asyncio.gather(*(talk(page, MESSAGES // DIALOGUES) for page in pages))
            used = (cpu() - before) / MESSAGES
            for page in pages:
                await page.close()
            return used

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            used = runner.run(main())
    finally:
        mine.send(False)
        server.join()
    figure(f"websocket in, ack and answer out, {DIALOGUES} open, nothing stored", used * 1e6, BUDGET)
