"""A double of MAX, and connectors that talk to it."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager

import pytest
import structlog
from aiohttp import web

from ses.connectors.contract import ConnectorContext
from ses.connectors.testing import HurriedClock, MemoryReception
from ses.connectors.webhooks import WebhookRoutes
from ses.messages import Conversation
from ses_connector_max import KIND
from ses_connector_max.connector import MaxConnector
from ses_connector_max.testing import TOKEN, MaxFake, running


def connector(fake, folder=None, recording=lambda media: None, **given):
    """A connector for `connectors.max.shop`."""
    settings = KIND.settings.model_validate({"token": TOKEN, "robot": "echo", "api": fake.url, **given})
    context = ConnectorContext(
        kind="max", name="shop", settings=settings, clock=HurriedClock(), robot_folder=lambda: folder, recording=recording,
        log=structlog.get_logger("ses.connectors.max"),
    )  # fmt: skip
    return MaxConnector(context, wait=1, patience=0.2)


class MaxSide:
    """A bot that polls: a person is one of the double's."""

    resends = True
    variables = {"shop": "north"}

    def __init__(self, reception, folder=None, **given):
        self.reception = reception
        self.fake = MaxFake(clock=HurriedClock())
        self._folder = folder
        self._given = {"variables": self.variables, **given}
        self._people = itertools.count(1001)

    @asynccontextmanager
    async def running(self):
        async with running(self.fake):
            self.connector = connector(self.fake, self._folder, **self._given)
            self.reception.serve(self.connector)
            async with self._reachable():
                await self.connector.start(self.reception)
                await self.fake.until(lambda: self.fake.polls > 0 or bool(self.fake.subscriptions))
                try:
                    yield self
                finally:
                    await self.connector.stop()

    @asynccontextmanager
    async def _reachable(self):
        yield

    async def person(self):
        return MaxPerson(self, self.fake.person(next(self._people)))


class MaxHookSide(MaxSide):
    """A bot whom MAX calls."""

    @asynccontextmanager
    async def _reachable(self):
        app = web.Application()
        connectors = {}
        app.add_routes(WebhookRoutes(connectors).routes())
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        hook = {"mode": "webhook", "webhook_url": url, "secret": "s3cret-5"}
        self.connector = connectors["max.shop"] = connector(self.fake, self._folder, **hook, **self._given)
        self.reception.serve(self.connector)
        try:
            yield
        finally:
            await runner.cleanup()


class MaxPerson:
    def __init__(self, side, person):
        self._side = side
        self._person = person
        self._marks = {}
        self._said = {}
        self.conversation = Conversation("max.shop", str(person.id))

    async def say(self, text, id=None):
        fake = self._side.fake
        if id in self._said:
            mid, update = self._said[id]
            self._marks[mid] = await fake.happen(update)
            return mid
        mid = await self._person.say(text)
        self._marks[mid] = len(fake.updates)
        if id is not None:
            self._said[id] = (mid, fake.updates[-1])
        return mid

    async def press(self, button):
        mark = await self._person.press(button)
        self._marks[f"press {mark}"] = mark
        return f"press {mark}"

    async def acknowledged(self, id):
        await self._side.fake.until(lambda: self._side.fake.committed >= self._marks[id])

    async def reads(self, count):
        return await self._side.fake.says(self._person.id, count)


SIDES = {"polling": MaxSide, "webhook": MaxHookSide}


@pytest.fixture(params=SIDES)
async def side(request):
    """A running bot over a reception in memory, for the contract."""
    async with SIDES[request.param](MemoryReception()).running() as side:
        yield side


@pytest.fixture
async def max_side():
    """A running bot that polls."""
    async with MaxSide(MemoryReception()).running() as side:
        yield side


@pytest.fixture
def make():
    """A connector for a double: `make(fake, **settings)`."""
    return connector


@pytest.fixture
def side_over():
    """A running bot that polls: `side_over(reception, folder, **settings)`."""

    def over(reception, folder=None, **given):
        return MaxSide(reception, folder, **given).running()

    return over
