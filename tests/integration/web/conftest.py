"""A website's side of the daemon on a real port, over a reception in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import async_playwright

from ses.connectors.testing import MemoryReception, echo
from ses.connectors.web.config import Listener, Site, WebLimits
from ses.connectors.web.connector import WebConnector
from ses.connectors.web.routes import WebRoutes
from ses.connectors.web.testing import Page, pages
from ses.connectors.web.uploads import UploadFolder

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
    uploads: UploadFolder | None = None,
    **site,
):
    site = {"robot": "echo", "token": "T0ken", "origins": frozenset({ORIGIN}), **site}
    sleeps: list[float] = []

    async def sleep(seconds: float) -> None:
        if seconds == limits.heartbeat:
            await asyncio.Event().wait()  # the heart beats when a test says so
        sleeps.append(seconds)

    connector = WebConnector(Site(name="site", **site), limits, sleep=sleep, uploads=uploads)
    reception.serve(connector)
    await connector.start(reception)
    app = web.Application()
    app.add_routes(WebRoutes({"site": connector}, lambda _id: robot, listener, uploads=uploads).routes())
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


CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
).split()
AXE = Path(__file__).parents[2] / "widget/node_modules/axe-core/axe.min.js"
ENDED = """() => {
    const roots = [document, ...[...document.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean)];
    const running = roots.flatMap((root) => root.getAnimations());
    for (const one of running) if (one.effect.getComputedTiming().endTime !== Infinity) one.finish();
}"""
"""Brings animations to their end, but those that never end (the dots of typing)."""


@pytest.fixture
async def chromium():
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is not installed (apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


class Visitor:
    """A person before a page with the widget in it."""

    def __init__(self, page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)

    def _listen(self, message) -> None:
        if message.type == "error" and "WebSocket connection" not in message.text:
            self.complaints.append(message.text)

    def button(self, name: str):
        return self.page.get_by_role("button", name=name, exact=True)

    async def open(self) -> None:
        await self.page.locator("button.launcher").click()

    async def press(self, name: str) -> None:
        await self.page.locator(".options button:enabled", has_text=name).last.click()

    async def say(self, text: str) -> None:
        await self.page.locator("textarea").fill(text)
        await self.page.keyboard.press("Enter")

    async def sees(self, text: str):
        found = self.page.locator(".bubble", has_text=text).last
        await found.wait_for()
        return found

    async def texts(self) -> list[str]:
        """All bubbles, top to bottom."""
        return [text.strip() for text in await self.page.locator(".bubble").all_inner_texts()]

    async def axe(self) -> list[str]:
        """What axe-core finds wrong, as `rule: element`."""
        await self.page.evaluate(AXE.read_text())
        # A message that is still fading in has the contrast of neither its first nor its last moment.
        await self.page.evaluate(ENDED)
        found = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{violation['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]


@pytest.fixture
def visit(chromium):
    """`await visit(url, context…)` opens a page in a browser of its own; `context=` one of an earlier visitor."""

    async def go(url: str, *, context=None, selector: str = "ses-widget", **options) -> Visitor:
        context = context or await chromium.new_context(locale="ru-RU", **options)
        visitor = Visitor(await context.new_page())
        await visitor.page.goto(url)
        await visitor.page.locator(selector).wait_for(state="attached")
        return visitor

    return go
