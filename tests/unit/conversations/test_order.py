"""One conversation, one turn at a time, in order; conversations never wait for each other."""

import asyncio
import random

import pytest

from doubles.conversations import echo, echo_poison
from ses.conversations.engine import Engine
from ses.conversations.inbound.rate_limit import Limits


class Slow:
    """A store whose every answer to a write comes late: others have run fifty times by then."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def accept(self, arrival, done):
        self._store.accept(arrival, lambda result: self._later(done, result))

    def _later(self, done, result, turns=50):
        loop = asyncio.get_running_loop()
        if turns:
            loop.call_soon(self._later, done, result, turns - 1)
        else:
            done(result)

    async def commit(self, record):
        came = await self._store.commit(record)
        for _ in range(50):
            await asyncio.sleep(0)
        return came


@pytest.mark.parametrize("wrap", [lambda store: store, Slow], ids=["fast store", "slow store"])
async def test_three_quick_messages_of_200_visitors_keep_all_three_answers(pipeline_over, wrap):
    async with pipeline_over(wrap=wrap) as pipeline:

        async def visitor(name):
            await asyncio.gather(*(pipeline.say(text, name) for text in ("one", "two", "three")))
            return await pipeline.inbox.until(name, 3)

        answers = await asyncio.gather(*(visitor(f"s{number}") for number in range(200)))
        assert answers == [["one", "two", "three"]] * 200
        for number in range(200):
            delivered = pipeline.inbox.delivered[f"s{number}"]
            assert [message.seq for message in delivered] == [1, 2, 3]
            assert len({message.id for message in delivered}) == 3


async def test_turns_of_one_conversation_never_overlap(pipeline_over):
    running: dict[str, int] = {}
    most: dict[str, int] = {}
    chance = random.Random(7)

    async def careful(session, inbounds, programs, newest, ports, *, user_variables):
        name = inbounds[0].session
        running[name] = running.get(name, 0) + 1
        most[name] = max(most.get(name, 0), running[name])
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        leg = await echo(session, inbounds, programs, newest, ports, user_variables=user_variables)
        running[name] -= 1
        return leg

    async with pipeline_over(engine=Engine(careful, echo_poison)) as pipeline:
        names = [f"s{number}" for number in range(10)]
        await asyncio.gather(*(pipeline.say(str(number), name) for number in range(20) for name in names))
        for name in names:
            assert await pipeline.inbox.until(name, 20) == [str(number) for number in range(20)]
    assert set(most.values()) == {1}


async def test_a_conversation_that_waits_holds_up_no_other(pipeline_over):
    gate = asyncio.Event()

    async def waits(session, inbounds, programs, newest, ports, *, user_variables):
        if inbounds[0].text == "wait":
            await gate.wait()
        return await echo(session, inbounds, programs, newest, ports, user_variables=user_variables)

    async with pipeline_over(engine=Engine(waits, echo_poison)) as pipeline:
        await pipeline.say("wait", "slow")
        await pipeline.say("behind", "slow")
        await pipeline.say("quick", "other")
        assert await pipeline.inbox.until("other", 1) == ["quick"]
        assert pipeline.inbox.delivered["slow"] == []
        gate.set()
        assert await pipeline.inbox.until("slow", 2) == ["wait", "behind"]


async def test_a_second_copy_is_acknowledged_and_answered_once(pipeline):
    message = pipeline.inbound("hi")
    results = await asyncio.gather(*(pipeline.conversations.receive(message) for _ in range(5)))
    assert results == [True, False, False, False, False]
    assert await pipeline.conversations.receive(message) is False
    await pipeline.say("next")
    assert await pipeline.inbox.until("s1", 2) == ["hi", "next"]


async def test_a_sender_who_leaves_before_the_acknowledgement_is_answered_nevertheless(pipeline):
    task = asyncio.create_task(pipeline.say("are you there?"))
    await asyncio.sleep(0)
    task.cancel()
    assert await pipeline.inbox.until("s1", 1) == ["are you there?"]


async def test_idle_conversations_have_no_task_and_leave_memory(pipeline_over):
    async with pipeline_over(limits=Limits(messages=1e6, burst=1e6, idle=10)) as pipeline:
        for number in range(50):
            await pipeline.say("a", f"s{number}")
        await pipeline.answered()
        stats = pipeline.conversations.stats()
        assert (stats.live, stats.idle) == (0, 10)
        await pipeline.say("b", "s0")
        assert await pipeline.inbox.until("s0", 2) == ["a", "b"]
        assert [message.seq for message in pipeline.inbox.delivered["s0"]] == [1, 2]
