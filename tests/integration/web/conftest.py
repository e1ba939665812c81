"""A website's side of the daemon on a real port, over a reception in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from doubles.web import Page, pages
from ses.clock import SystemClock
from ses.connectors.testing import MemoryReception, echo
from ses.connectors.web.config import Listener, Site, WebLimits
from ses.connectors.web.connector import WebConnector
from ses.connectors.web.routes import WebRoutes
from ses.connectors.web.uploads import UploadFolder
from ses.messages import Attachment, Button, Conversation, Inbound, Outgoing

from .. import browser
from ..daemon import free_port

ORIGIN = "https://shop.example"
GENEROUS = WebLimits(messages=100_000, per=1, burst=100_000)


class ImpatientClock(SystemClock):
    """Nobody waits by it, only for the heartbeat: the heart beats when a test says so."""

    def __init__(self, heartbeat: float) -> None:
        self._heartbeat = heartbeat
        self._beat = asyncio.Event()
        self.sleeps: list[float] = []
        """Seconds of each wait that was none."""

    async def sleep(self, seconds: float) -> None:
        if seconds != self._heartbeat:
            self.sleeps.append(seconds)
            return
        await self._beat.wait()
        self._beat.clear()

    def beat(self) -> None:
        """Let the heart beat once."""
        self._beat.set()


@dataclass
class Running:
    """One daemon's life over a store that outlives it."""

    base: str
    reception: MemoryReception
    connector: WebConnector
    page: Callable[[], Page]
    clock: ImpatientClock


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
    clock = ImpatientClock(limits.heartbeat)
    connector = WebConnector(Site(name="site", **site), limits, clock=clock, uploads=uploads)
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
            yield Running(base, reception, connector, page, clock)
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


def say(text: str = "", *labels: str, turn: str = "1", **more) -> Outgoing:
    buttons = tuple(Button(label, f"{turn}.{number}") for number, label in enumerate(labels))
    return Outgoing(id="", seq=0, text=text, buttons=buttons, **more)


def robot(inbound: Inbound) -> list[Outgoing]:
    if inbound.event == "start":
        return [say("Здравствуйте!"), say("Чем помочь?", "Заказать", "Меню", "Где заказ?")]
    if inbound.event:
        return []
    if inbound.text == "длинно":
        return [say("Печём на дровах с 2009 года. " * 60)]
    if inbound.text == "картинка":
        return [
            say("", attachments=(Attachment(kind="image", media="media/a.png", name="Маргарита"),)),
            say(
                "", attachments=(Attachment(kind="file", media="media/menu.pdf", name="Меню.pdf", size=2048),)
            ),
        ]
    if inbound.button:
        return [say(f"Нажато {inbound.button}", "Да", "Нет", turn="2")]
    return [say(f"Вы сказали: {inbound.text}")]


@asynccontextmanager
async def foreign_site(daemon: str, attributes: str = ""):
    """A site of another origin with the policy `docs/widget.md` names, and nothing beyond it."""
    policy = (
        f"default-src 'none'; script-src {daemon}; connect-src {daemon} {daemon.replace('http', 'ws')}; "
        f"img-src {daemon}; media-src {daemon}; require-trusted-types-for 'script'; trusted-types ses-widget"
    )
    page = (
        f'<!doctype html><html lang="ru"><meta charset="utf-8"><title>Магазин</title><main><h1>Магазин</h1></main>'
        f'<script src="{daemon}/ses/widget/js?site" type="module" token="T0ken" {attributes}></script>'
    )

    async def answer(_request):
        return web.Response(text=page, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def no_icon(_request):
        return web.Response(status=204)

    app = web.Application()
    app.add_routes([web.get("/", answer), web.get("/favicon.ico", no_icon)])
    runner = web.AppRunner(app)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Shop:
    """A site and a daemon that can be stopped and started again."""

    def __init__(self, start, attributes: str, answer, **site) -> None:
        self._start = start
        self._site = site
        self.attributes = attributes
        self.port = free_port()
        self.reception = MemoryReception(answer)
        self.url = ""
        self.daemon = None

    async def up(self) -> None:
        self._running = self._start(
            self.reception, port=self.port, origins=frozenset({self.url}), **self._site
        )
        self.daemon = await self._running.__aenter__()

    async def down(self) -> None:
        await self._running.__aexit__(None, None, None)
        self.daemon = None

    @property
    def conversation(self) -> Conversation:
        return self.reception.received[-1].conversation


@pytest.fixture
def shop(start):
    @asynccontextmanager
    async def opened(attributes: str = "", *, answer=robot, **site):
        shop = Shop(start, attributes, answer, **site)
        async with foreign_site(f"http://127.0.0.1:{shop.port}", attributes) as url:
            shop.url = url
            await shop.up()
            try:
                yield shop
            finally:
                if shop.daemon is not None:
                    await shop.down()

    return opened


class Visitor(browser.Person):
    """A person before a page with the widget in it."""

    def __init__(self, page) -> None:
        self.notes: list[str] = []
        super().__init__(page)

    def listen(self, message) -> None:
        if "WebSocket connection" not in message.text:  # a lost connection is told by the browser itself
            super().listen(message)
        if message.type == "info":
            self.notes.append(message.text)

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


@pytest_asyncio.fixture(loop_scope="session")
async def visit(chromium):
    """`await visit(url, context…)` opens a page in a browser of its own; `context=` one of an earlier visitor; `before`: a script that
    runs first."""
    contexts = []

    async def go(
        url: str, *, context=None, selector: str = "ses-widget", before: str = "", **options
    ) -> Visitor:
        if context is None:
            context = await chromium.new_context(locale="ru-RU", **options)
            contexts.append(context)
        visitor = Visitor(await context.new_page())
        if before:
            await visitor.page.add_init_script(before)
        await visitor.page.goto(url)
        await visitor.page.locator(selector).wait_for(state="attached")
        return visitor

    yield go
    for context in contexts:
        await context.close()
