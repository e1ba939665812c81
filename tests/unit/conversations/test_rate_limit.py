"""Nothing grows without bound: floods, full mailboxes, a store that stands still."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubles.conversations import echo, echo_poison
from ses.connectors.contract import Refused
from ses.conversations.engine import Engine
from ses.conversations.inbound.rate_limit import Limits
from ses.flow.token_bucket import TokenBucket
from ses.storage.contract import StoreUnavailable


async def test_a_flood_is_refused_with_the_time_to_wait_and_the_robot_hears_of_it_once(pipeline_over):
    async with pipeline_over(limits=Limits(messages=1, per=60, burst=4)) as pipeline:
        results = await asyncio.gather(*(pipeline.say(str(n)) for n in range(20)), return_exceptions=True)
        refusals = [one for one in results if isinstance(one, Refused)]
        assert results.count(True) == 7
        assert {one.code for one in refusals} == {"flood"}
        assert all(0 < (one.retry_after or 0) <= 60.01 for one in refusals)
        answers = await pipeline.inbox.until("s1", 8)
        assert answers.count("[limit]") == 1


async def test_a_flood_in_one_conversation_touches_no_other(pipeline_over):
    async with pipeline_over(limits=Limits(messages=1, per=60, burst=2)) as pipeline:
        await asyncio.gather(*(pipeline.say("x", "loud") for _ in range(50)), return_exceptions=True)
        assert await pipeline.say("hello", "quiet")


async def test_the_event_limit_reaches_the_robot_once_a_minute(pipeline):
    assert await pipeline.say(None, event="limit", id="~limit-1")
    assert not await pipeline.say(None, event="limit", id="~limit-2")
    assert await pipeline.inbox.until("s1", 1) == ["[limit]"]


async def test_a_full_mailbox_refuses_more(pipeline_over):
    gate = asyncio.Event()

    async def waits(*arguments, **values):
        await gate.wait()
        return await echo(*arguments, **values)

    limits = Limits(messages=1e6, burst=1e6, mailbox=5)
    async with pipeline_over(engine=Engine(waits, echo_poison), limits=limits) as pipeline:
        for number in range(5):
            await pipeline.say(str(number))
        with pytest.raises(Refused) as refusal:
            await pipeline.say("one too many")
        assert (refusal.value.code, refusal.value.retry_after) == ("busy", 2.0)
        gate.set()
        assert await pipeline.inbox.until("s1", 5) == ["0", "1", "2", "3", "4"]


async def test_a_robot_that_does_not_exist_is_refused_for_good(pipeline):
    with pytest.raises(Refused) as refusal:
        await pipeline.say("hi", robot="nobody")
    assert (refusal.value.code, refusal.value.retry_after) == ("unknown_robot", None)
    assert pipeline.conversations.stats().live == 0


async def test_a_text_that_is_too_long_is_cut(pipeline):
    await pipeline.say("x" * 10_000)
    assert await pipeline.inbox.until("s1", 1) == ["x" * 4096]


class Broken:
    """A store that can be told to fail its writes."""

    def __init__(self, store):
        self._store = store
        self.fails = False
        self.tried = asyncio.Event()

    def __getattr__(self, name):
        return getattr(self._store, name)

    @property
    def problem(self):
        return "the disk is full" if self.fails else None

    def accept(self, arrival, done):
        if self.fails:
            done(StoreUnavailable("the disk is full"))
        else:
            self._store.accept(arrival, done)

    async def commit(self, record):
        if self.fails:
            self.tried.set()
            raise StoreUnavailable("the disk is full")
        return await self._store.commit(record)


async def test_while_nothing_can_be_stored_nothing_is_acknowledged_and_turns_wait(pipeline_over):
    gate = asyncio.Event()

    async def waits(*arguments, **values):
        await gate.wait()
        return await echo(*arguments, **values)

    async with pipeline_over(engine=Engine(waits, echo_poison), wrap=Broken) as pipeline:
        await pipeline.say("before")
        pipeline.store.fails = True
        gate.set()
        await pipeline.store.tried.wait()
        with pytest.raises(Refused) as refusal:
            await pipeline.say("meanwhile")
        assert (refusal.value.code, refusal.value.retry_after) == ("busy", 5.0)
        assert pipeline.conversations.ready() == {"storage": "the disk is full"}
        pipeline.store.fails = False
        assert await pipeline.inbox.until("s1", 1) == ["before"]
        assert pipeline.conversations.ready() == {}
        assert await pipeline.say("after")


@given(st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_a_conversation_never_gets_more_through_than_its_rate(pauses):
    rate = Limits(messages=10, per=10, burst=4).rate
    bucket, now, passed = TokenBucket(rate, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        wait = bucket.take(rate, now)
        if wait:
            assert 0 < wait <= 1.0
        else:
            passed += 1
        assert passed <= 4 * 1.25 + 2 + now * 1.0 + 1e-6
