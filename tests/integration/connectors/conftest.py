"""Each connector with the double of its other side, behind one small face, so that the contract is tested once.

A new connector adds a class like `WebSide` and its name to `SIDES`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from doubles.telegram import TOKEN, Person, Sent, TelegramFake, telegram
from doubles.vk import FakeVk, Press
from doubles.vk import running as vk_running
from doubles.web import Page, pages
from ses.connectors.telegram.config import Settings as TelegramSettings
from ses.connectors.telegram.connector import TelegramConnector
from ses.connectors.testing import HurriedClock, MemoryConnector, MemoryPerson, MemoryReception
from ses.connectors.vk.config import Settings as VkSettings
from ses.connectors.vk.connector import VkConnector
from ses.connectors.web.config import Site, WebLimits
from ses.connectors.web.connector import WebConnector
from ses.connectors.web.routes import WebRoutes
from ses.connectors.webhooks import WebhookRoutes
from ses.messages import Conversation

ORIGIN = "https://shop.example"
VARIABLES = {"shop": "north"}
"""What every connector is configured to begin its conversations with."""


class WebSide:
    """The website's widget: a person is a page."""

    resends = True
    """The sender repeats what was not acknowledged, under the same id."""
    variables = VARIABLES

    def __init__(self, reception: MemoryReception) -> None:
        self.reception = reception
        self.connector = WebConnector(
            Site(name="site", robot="echo", token="t", origins=frozenset({ORIGIN}), variables=VARIABLES),
            WebLimits(messages=1e6, per=1, burst=1e6),
        )

    @asynccontextmanager
    async def running(self):
        self.reception.serve(self.connector)
        await self.connector.start(self.reception)
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
    """A page keeps what was refused for a time and sends it again, in order, as the widget does."""

    def __init__(self, page: Page, connector: str) -> None:
        self._page = page
        self._connector = connector
        self._said: dict[str, str] = {}
        """Texts that are not acknowledged, by id."""
        self._pause = 0.0
        """Seconds until they are sent again; 0: none was refused."""

    @property
    def conversation(self) -> Conversation:
        assert self._page.session is not None
        return Conversation(self._connector, self._page.session)

    async def say(self, text: str, id: str | None = None) -> str:
        id = await self._page.say(text, id)
        self._said[id] = text
        return id

    async def press(self, button: str) -> str:
        return await self._page.press(button)

    async def acknowledged(self, id: str) -> None:
        """Return when the sender was told that it is stored."""
        while id not in self._page.acknowledged:
            if self._pause:
                await asyncio.sleep(self._pause)
                self._pause = 0.0
                for unheard, text in self._said.items():
                    await self._page.say(text, unheard)
            self._note(await self._page.receive())

    async def reads(self, count: int) -> list[str]:
        """The first `count` texts of the robot, in order, each once."""
        while len(self._page.shown) < count:
            self._note(await self._page.receive())
        return [self._page.shown[seq]["text"] for seq in sorted(self._page.shown)][:count]

    def _note(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "ack":
            self._said.pop(frame["id"], None)
        elif frame["type"] == "error" and "retry_after" in frame:
            self._pause = frame["retry_after"] + 0.01
        elif frame["type"] == "error":
            self._said.pop(frame.get("id", ""), None)


class TelegramSide:
    """A bot in polling mode: a person is a chat of the fake."""

    resends = False
    variables = VARIABLES

    def __init__(self, reception: MemoryReception) -> None:
        self.reception = reception
        self._people = itertools.count(1001)

    @asynccontextmanager
    async def running(self):
        async with telegram() as self.fake, self._listening() as given:
            settings = TelegramSettings(
                "shop", "echo", TOKEN, poll=1, api=self.fake.url, variables=VARIABLES, **given
            )
            self.connector = TelegramConnector(settings, clock=HurriedClock(), patience=0.2)
            self.reception.serve(self.connector)
            await self.connector.start(self.reception)
            method = "setWebhook" if given else "deleteWebhook"
            await self.fake.until(lambda: any(called == method for called, _ in self.fake.calls))
            try:
                yield self
            finally:
                await self.connector.stop()

    @asynccontextmanager
    async def _listening(self):
        """What a bot is configured with beside; it may listen meanwhile."""
        yield {}

    async def person(self) -> TelegramPerson:
        return TelegramPerson(self.fake, self.fake.person(next(self._people)), self.connector.name)


class TelegramWebhookSide(TelegramSide):
    """A bot that Telegram calls."""

    @asynccontextmanager
    async def _listening(self):
        async def call(request: web.Request) -> web.Response:
            return await self.connector.webhook(request.headers, await request.read())

        app = web.Application()
        app.add_routes([web.post("/hook", call)])
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        try:
            yield {"mode": "webhook", "webhook_url": url, "secret_token": "S3cret"}
        finally:
            await runner.cleanup()


class TelegramPerson:
    def __init__(self, fake: TelegramFake, person: Person, connector: str) -> None:
        self._fake = fake
        self._person = person
        self._updates: dict[str, int] = {}
        self.conversation = Conversation(connector, str(person.id))

    async def say(self, text: str, id: str | None = None) -> str:
        return self._note(str(self._person.say(text)))

    async def press(self, button: str) -> str:
        await self._fake.until(lambda: any(self._pressable(button)))
        return self._note(self._person.press_data(self._pressable(button)[-1], button))

    async def acknowledged(self, id: str) -> None:
        await self._fake.until(lambda: self._fake.confirmed > self._updates[id])

    async def reads(self, count: int) -> list[str]:
        return await self._fake.says(self._person.id, count)

    def _note(self, id: str) -> str:
        self._updates[id] = self._fake.newest
        return id

    def _pressable(self, button: str) -> list[Sent]:
        said = self._fake.to(self._person.id)
        return [one for one in said if any(b.get("callback_data") == button for b in one.buttons)]


class VkSide:
    """A community read by Bots Long Poll."""

    resends = True
    variables = VARIABLES

    def __init__(self, reception: MemoryReception) -> None:
        self.reception = reception
        self._people = itertools.count(1001)
        self.fake = FakeVk(now=time.time)

    @asynccontextmanager
    async def running(self):
        async with vk_running(self.fake):
            self.connector = VkConnector(
                self._settings(), robot_folder=lambda: None, clock=HurriedClock(), wait=1, patience=0.2
            )
            self.reception.serve(self.connector)
            await self.connector.start(self.reception)
            try:
                async with self._connected():
                    yield self
            finally:
                await self.connector.stop()

    @asynccontextmanager
    async def _connected(self):
        await self.fake.until(lambda: self.fake.polls > 0)
        yield

    def _settings(self) -> VkSettings:
        return VkSettings(
            "shop", "echo", self.fake.group_id, self.fake.token, api=self.fake.url, variables=VARIABLES
        )

    async def person(self) -> VkPerson:
        return VkPerson(self, next(self._people))

    async def stored(self, mark: str) -> None:
        """Return when the daemon has noted that everything up to an event is stored."""
        while True:
            place = await self.reception.recall(self.connector.name, "place")
            if place is not None and int(json.loads(place)["ts"]) >= int(mark):
                return
            await asyncio.sleep(0.005)

    def mark(self) -> str:
        """What `stored` tells the newest event by."""
        return str(self.fake.here)


class VkCallbackSide(VkSide):
    """A community that VK calls for: an event is acknowledged by `ok`."""

    @asynccontextmanager
    async def _connected(self):
        app = web.Application()
        app.add_routes(WebhookRoutes({self.connector.name: self.connector}).routes())
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.fake.callback = (f"http://127.0.0.1:{runner.addresses[0][1]}/hook/vk/shop", "s3cret")
        try:
            yield
        finally:
            await runner.cleanup()

    def _settings(self) -> VkSettings:
        return replace(super()._settings(), mode="callback", confirmation="c0de", secret="s3cret")

    async def stored(self, mark: str) -> None:
        await self.fake.until(lambda: mark in self.fake.acknowledged)

    def mark(self) -> str:
        event: str = self.fake.newest["event_id"]
        return event


class VkPerson:
    def __init__(self, side: VkSide, user: int) -> None:
        self._side = side
        self._user = user
        self._marks: dict[str, str] = {}
        self._events: dict[str, tuple[str, dict]] = {}
        """By the test's own id: the message's id and the event, to be sent once more."""
        self.conversation = Conversation(side.connector.name, str(user))

    async def say(self, text: str, id: str | None = None) -> str:
        fake = self._side.fake
        if id in self._events:
            number, event = self._events[id]
            await fake.repeat(event)
        else:
            message = await fake.write(self._user, text)
            number = str(message.number)
            if id is not None:
                self._events[id] = (number, fake.newest)
        self._marks[number] = self._side.mark()
        return number

    async def press(self, button: str) -> str:
        fake = self._side.fake
        press = await fake.press(self._user, fake.labels(self._user)[button])
        assert isinstance(press, Press)
        self._marks[f"p{press.event_id}"] = self._side.mark()
        return f"p{press.event_id}"

    async def acknowledged(self, id: str) -> None:
        async with asyncio.timeout(10):
            await self._side.stored(self._marks[id])

    async def reads(self, count: int) -> list[str]:
        return await self._side.fake.said(self._user, count)


class MemorySide:
    """No messenger at all."""

    resends = True
    variables = VARIABLES

    def __init__(self, reception: MemoryReception) -> None:
        self.reception = reception
        self.connector = MemoryConnector(clock=HurriedClock(), variables=VARIABLES)
        self._people = itertools.count(1)

    @asynccontextmanager
    async def running(self):
        self.reception.serve(self.connector)
        await self.connector.start(self.reception)
        yield self
        await self.connector.stop()

    async def person(self) -> MemoryPerson:
        return self.connector.person(str(next(self._people)))


SIDES: dict[str, Callable[[MemoryReception], Any]] = {
    "memory": MemorySide,
    "telegram": TelegramSide,
    "telegram-webhook": TelegramWebhookSide,
    "vk": VkSide,
    "vk-callback": VkCallbackSide,
    "web": WebSide,
}


@pytest.fixture(params=SIDES)
async def side(request):
    """A running connector over a reception in memory."""
    async with SIDES[request.param](MemoryReception()).running() as side:
        yield side
