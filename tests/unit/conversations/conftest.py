"""A pipeline over a real store, with the echo robot or with an engine that a test writes."""

import asyncio
import itertools
from contextlib import asynccontextmanager
from math import inf

import pytest

from doubles.conversations import ECHO, Inbox, StoredPrograms, echo_program
from ses.clock import VirtualClock
from ses.conversations.conversations import Conversations
from ses.conversations.inbound.rate_limit import Limits
from ses.conversations.lifecycle.robots import Robots
from ses.conversations.observer import NullObserver
from ses.messages import Inbound
from ses.storage.sqlite.store import SqliteStore

COUNT = itertools.count(1)
FREE = Limits(messages=1e6, per=1.0, burst=1e6)
START = 1_795_348_800.0


class Activity(NullObserver):
    """Lets others wait for the end of a turn or of a delivery."""

    def __init__(self):
        self._event = asyncio.Event()
        self.outcomes = []

    def turn_ended(self, robot, channel, seconds, outcome):
        self.outcomes.append(outcome)
        self._event.set()

    def delivered(self, robot, channel, *, failed):
        self._event.set()

    async def next(self):
        self._event.clear()
        await self._event.wait()


class Pipeline:
    """What a test talks to."""

    def __init__(self, conversations, robots, source, store, inbox, clock, activity):
        self.conversations = conversations
        self.robots = robots
        self.source = source
        self.store = store
        self.inbox = inbox
        self.clock = clock
        self.activity = activity

    def inbound(self, text="привет", session="s1", **given):
        known = {"connector": self.inbox.name, "id": f"m{next(COUNT)}", "robot": "echo", "channel": "web",
                 "at": self.clock.now()}  # fmt: skip
        return Inbound(session=session, text=text, **(known | given))

    async def say(self, text="привет", session="s1", **given):
        return await self.conversations.receive(self.inbound(text, session, **given))

    async def until(self, condition):
        """Return when that holds, which another task brings about."""
        async with asyncio.timeout(30):
            while not condition():
                await asyncio.sleep(0)

    async def answered(self):
        """Return when nothing waits for its turn."""
        async with asyncio.timeout(30):
            while self.conversations.stats().live:
                await self.activity.next()

    async def delivered(self):
        """Return when nothing waits for its turn, and all that was said has arrived."""
        await self.answered()
        async with asyncio.timeout(30):
            while await self.store.undelivered((0, 0), 1):
                if self.conversations.stats().outbox:
                    await self.activity.next()
            await self.until(lambda: not self.conversations.stats().outbox)


@pytest.fixture
def pipeline_over(tmp_path):
    """`async with pipeline_over(...) as pipeline`: any number of them, one after the other, on the same database.

    Unless a test gives another, the clock jumps over whatever anybody waits for. `grace`: seconds that a turn under way has
    to end when the test is over; 0 where a turn never ends.
    """

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
        grace=10.0,
    ):
        sqlite = SqliteStore(tmp_path / "ses.db")
        await sqlite.open()
        store, clock = wrap(sqlite), clock or VirtualClock(START, autojump=True)
        activity = Activity()
        source = StoredPrograms(*(programs or (echo_program(),)))
        robots = Robots(source, store, clock)
        await robots.reload()
        conversations = Conversations(
            store, robots, services, clock=clock, limits=limits, engine=engine, model=model, voices=voices,
            sweep_every=inf, observer=activity,
        )  # fmt: skip
        inbox = inbox or Inbox()
        conversations.attach(inbox)
        await conversations.start()
        try:
            yield Pipeline(conversations, robots, source, store, inbox, clock, activity)
        finally:
            await conversations.stop(grace)
            await sqlite.close()

    return start


@pytest.fixture
async def pipeline(pipeline_over):
    async with pipeline_over() as pipeline:
        yield pipeline
