"""Each connector with the double of its other side, behind one small face, so that the contract is tested once.

A new connector adds a class like `WebSide` and its name to `SIDES`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from doubles.telegram import TOKEN, Person, Sent, TelegramFake, telegram
from doubles.vk import FakeVk
from doubles.vk import running as vk_running
from doubles.web import Page, pages
from ses.connectors.telegram.config import Account
from ses.connectors.telegram.connector import TelegramConnector
from ses.connectors.testing import MemoryConnector, MemoryPerson, MemoryReception
from ses.connectors.vk.config import Community
from ses.connectors.vk.connector import VkConnector
from ses.connectors.web.config import Site, WebLimits
from ses.connectors.web.connector import WebConnector
from ses.connectors.web.routes import WebRoutes
from ses.connectors.webhooks import WebhookRoutes
from ses.messages import Conversation

ORIGIN = "https://shop.example"


class WebSide:
    """The website's widget: a person is a page."""

    resends = True
    """The sender repeats what was not acknowledged, under the same id."""

    def __init__(self, reception: MemoryReception) -> None:
        self.reception = reception
        self.connector = WebConnector(
            Site(name="site", robot="echo", token="t", origins=frozenset({ORIGIN})),
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

    async def reads(self, count: int) -> list[str]:
        """The first `count` texts of the robot, in order, each once."""
        while len(self._page.shown) < count:
            await self._page.receive()
        return [self._page.shown[seq]["text"] for seq in sorted(self._page.shown)][:count]


async def hurry(seconds: float) -> None:
    """Instead of the pauses that a messenger's rates ask for."""
    await asyncio.sleep(seconds if seconds > 59 else min(seconds, 0.01))


class TelegramSide:
    """A bot in polling mode: a person is a chat of the fake."""

    resends = False

    def __init__(self, reception: MemoryReception) -> None:
        self.reception = reception
        self._people = itertools.count(1001)

    @asynccontextmanager
    async def running(self):
        async with telegram() as self.fake:
            account = Account("shop", "echo", TOKEN, poll=1, api=self.fake.url)
            self.connector = TelegramConnector(account, sleep=hurry)
            self.reception.serve(self.connector)
            await self.connector.start(self.reception)
            await self.fake.until(lambda: any(method == "deleteWebhook" for method, _ in self.fake.calls))
            try:
                yield self
            finally:
                await self.connector.stop()

    async def person(self) -> TelegramPerson:
        return TelegramPerson(self.fake, self.fake.person(next(self._people)), self.connector.name)


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

    def __init__(self, reception: MemoryReception) -> None:
        self.reception = reception
        self._people = itertools.count(1001)
        self.fake = FakeVk(now=time.time)

    @asynccontextmanager
    async def running(self):
        async with vk_running(self.fake):
            self.connector = VkConnector(self._community(), robot_folder=lambda: None, wait=1)
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

    def _community(self) -> Community:
        return Community("shop", "echo", self.fake.group_id, self.fake.token, api=self.fake.url)

    async def person(self) -> VkPerson:
        return VkPerson(self, next(self._people))

    async def stored(self, mark: int) -> None:
        """Return when the daemon has noted that everything up to an event is stored."""
        while True:
            place = await self.reception.recall(self.connector.name, "place")
            if place is not None and int(json.loads(place)["ts"]) >= mark:
                return
            await asyncio.sleep(0.005)

    def mark(self) -> int:
        return self.fake.here


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

    def _community(self) -> Community:
        callback = {"mode": "callback", "confirmation": "c0de", "secret": "s3cret"}
        return Community("shop", "echo", self.fake.group_id, self.fake.token, api=self.fake.url, **callback)

    async def stored(self, mark: int) -> None:
        while self.fake.callback_answers.count((200, "ok")) < mark:
            await asyncio.sleep(0.005)

    def mark(self) -> int:
        return self.fake.called


class VkPerson:
    def __init__(self, side: VkSide, user: int) -> None:
        self._side = side
        self._user = user
        self._marks: dict[str, int] = {}
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

    def __init__(self, reception: MemoryReception) -> None:
        self.reception = reception
        self.connector = MemoryConnector()
        self._people = itertools.count(1)

    @asynccontextmanager
    async def running(self):
        self.reception.serve(self.connector)
        await self.connector.start(self.reception)
        yield self
        await self.connector.stop()

    async def person(self) -> MemoryPerson:
        return self.connector.person(str(next(self._people)))


SIDES = {
    "memory": MemorySide,
    "telegram": TelegramSide,
    "vk": VkSide,
    "vk-callback": VkCallbackSide,
    "web": WebSide,
}


@pytest.fixture(params=SIDES)
async def side(request):
    """A running connector over a reception in memory."""
    async with SIDES[request.param](MemoryReception()).running() as side:
        yield side
