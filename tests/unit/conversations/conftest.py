"""A pipeline over a real store, with the echo robot or with an engine that a test writes."""

import asyncio
import itertools
from contextlib import asynccontextmanager

import pytest

from doubles.conversations import ECHO, Inbox, StoredPrograms, echo_program
from ses.clock import SystemClock
from ses.conversations.conversations import Conversations
from ses.conversations.inbound.rate_limit import Limits
from ses.conversations.lifecycle.robots import Robots
from ses.messages import Inbound
from ses.storage.sqlite.store import SqliteStore

COUNT = itertools.count(1)
FREE = Limits(messages=1e6, per=1.0, burst=1e6)


class Pipeline:
    """What a test talks to."""

    def __init__(self, conversations, robots, source, store, inbox):
        self.conversations = conversations
        self.robots = robots
        self.source = source
        self.store = store
        self.inbox = inbox

    def inbound(self, text="привет", session="s1", **given):
        known = {"connector": self.inbox.name, "id": f"m{next(COUNT)}", "robot": "echo", "channel": "web",
                 "at": SystemClock().now()}  # fmt: skip
        return Inbound(session=session, text=text, **(known | given))

    async def say(self, text="привет", session="s1", **given):
        return await self.conversations.receive(self.inbound(text, session, **given))

    async def quiet(self):
        """Return when nothing waits for its turn."""
        async with asyncio.timeout(10):
            while self.conversations.stats().live:
                await asyncio.sleep(0.001)


@pytest.fixture
def pipeline_over(tmp_path):
    """`async with pipeline_over(...) as pipeline`: any number of them, one after the other, on the same database."""

    @asynccontextmanager
    async def start(
        *programs,
        engine=ECHO,
        limits=FREE,
        inbox=None,
        wrap=lambda store: store,
        clock=None,
        services=None,
        model=None,
        voices=None,
    ):
        sqlite = SqliteStore(tmp_path / "ses.db")
        await sqlite.open()
        store, clock = wrap(sqlite), clock or SystemClock()
        source = StoredPrograms(*(programs or (echo_program(),)))
        robots = Robots(source, store, clock)
        await robots.reload()
        conversations = Conversations(
            store, robots, services, clock=clock, limits=limits, engine=engine, model=model, voices=voices
        )
        inbox = inbox or Inbox()
        conversations.attach(inbox)
        await conversations.start()
        try:
            yield Pipeline(conversations, robots, source, store, inbox)
        finally:
            await conversations.stop(1.0)
            await sqlite.close()

    return start


@pytest.fixture
async def pipeline(pipeline_over):
    async with pipeline_over() as pipeline:
        yield pipeline
