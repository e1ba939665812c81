"""A session that expires ends once: its robot's event `end` runs, what it says is delivered, its values are dropped."""

import asyncio

import pytest

from doubles.conversations import Inbox
from ses.clock import VirtualClock
from ses.conversations.engine import ENGINE
from ses.conversations.lifecycle.expiry import CONCURRENT, RETENTION
from ses.conversations.lifecycle.robots import RobotBuild
from ses.messages import Conversation
from ses.scenario.load import load_files
from ses.scenario.reading.files import RobotFiles
from ses.services.answers import HttpReply

ROBOT = """
id: echo
language: ru
session: {expire: 30d}
variables: {n: 0, bonus: {value: 0, keep: user}}
slots: {name: {type: text, ask: Имя?}}
flows:
  count: {on: [ещё], steps: [{set: {n: {add: 1}, bonus: {add: 1}}}, {say: "{{ n }}"}]}
  name: {on: [имя], needs: [name], steps: [{say: "{{ name }}"}]}
events: {fallback: [{say: Не понял.}]}
"""
ENDS = ROBOT + '  end: [{http: {post: "https://crm.example/left"}}, {say: "Пока, {{ n }} {{ bonus }}."}]\n'
SAYS = ROBOT + '  end@telegram: [{say: "Пока."}]\n'


def robot(text):
    text = text.replace(
        "events: {fallback: [{say: Не понял.}]}\n", "events:\n  fallback: [{say: Не понял.}]\n"
    )
    loaded = load_files(RobotFiles("echo", {"robot.yaml": text.encode()}, {}))
    assert loaded.program is not None, loaded.findings
    return loaded.program


class Crm:
    """Notes the keys of its calls; with `hold` it answers when told to."""

    def __init__(self):
        self.keys = []
        self.open = asyncio.Event()
        self.open.set()
        self.busy = self.most = 0

    async def http(self, request):
        self.keys.append(request.key)
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            await self.open.wait()
        finally:
            self.busy -= 1
        return HttpReply(200, {})


@pytest.fixture
def clock():
    return VirtualClock(1_795_348_800.0)


@pytest.fixture
def over(pipeline_over, clock):
    def start(text=ENDS, **given):
        return pipeline_over(robot(text), **({"engine": ENGINE, "clock": clock, "services": Crm()} | given))

    return start


async def say(pipeline, clock, *texts, session="s1", **given):
    for text in texts:
        await pipeline.say(text, session, at=clock.now(), **given)
    await pipeline.answered()


WHERE = Conversation("web.site", "s1")


async def test_a_session_that_expires_ends_once_and_its_values_are_dropped(over, clock):
    async with over() as pipeline:
        await say(pipeline, clock, "ещё", "имя", user="ira")
        clock.advance(29 * 86400)
        await pipeline.conversations.sweep()
        clock.advance(2 * 86400)
        assert await pipeline.conversations.sweep() == 0
        assert await pipeline.conversations.sweep() == 0
        assert await pipeline.inbox.until("s1", 3) == ["1", "Имя?", "Пока, 1 1."]
        row = await pipeline.store.session("web.site", "s1")
        assert (row.state, row.turn) == (None, 3)
        assert await pipeline.conversations.owner(WHERE) == (row.key_hash, row.user)
        await say(pipeline, clock, "ещё", user="ira")
        assert (await pipeline.inbox.until("s1", 4))[-1] == "1", "a new session begins at zero"


async def test_after_its_end_a_session_is_removed_when_its_messages_are_delivered_for_sure(over, clock):
    async with over() as pipeline:
        await say(pipeline, clock, "ещё")
        clock.advance(31 * 86400)
        assert await pipeline.conversations.sweep() == 0
        clock.advance(RETENTION + 1)
        assert await pipeline.conversations.sweep() == 1
        assert await pipeline.store.session("web.site", "s1") is None
        assert len(pipeline.inbox.delivered["s1"]) == 2


async def test_a_robot_without_the_event_in_a_channel_ends_without_a_turn(over, clock):
    async with over(SAYS) as pipeline:
        await say(pipeline, clock, "ещё")
        clock.advance(31 * 86400)
        assert await pipeline.conversations.sweep() == 1
        assert len(pipeline.inbox.delivered["s1"]) == 1


async def test_a_session_that_expired_while_the_daemon_was_down_ends_after_the_start(over, clock):
    async with over() as pipeline:
        await say(pipeline, clock, "ещё")
    clock.advance(300 * 86400)
    async with over() as pipeline:
        await pipeline.conversations.sweep()
        assert await pipeline.inbox.until("s1", 1) == ["Пока, 1 1."]


async def test_an_end_that_is_cut_off_in_its_call_goes_on_after_the_start_under_the_same_key(over, clock):
    crm = Crm()
    async with over(services=crm, grace=0) as pipeline:
        await say(pipeline, clock, "ещё")
        clock.advance(31 * 86400)
        crm.open.clear()
        sweep = asyncio.create_task(pipeline.conversations.sweep())
        await pipeline.until(lambda: crm.keys)
        sweep.cancel()
    crm.open.set()
    async with over(services=crm) as pipeline:
        await pipeline.answered()
        assert await pipeline.inbox.until("s1", 1) == ["Пока, 1 1."]
        assert await pipeline.conversations.sweep() == 0
        assert (await pipeline.store.session("web.site", "s1")).state is None
    assert len(crm.keys) == 2
    assert len(set(crm.keys)) == 1


async def test_a_message_that_comes_first_is_answered_after_the_end_and_there_is_no_second_end(over, clock):
    async with over() as pipeline:
        await say(pipeline, clock, "ещё")
        clock.advance(31 * 86400)
        await say(pipeline, clock, "ещё")
        assert await pipeline.conversations.sweep() == 0
        assert await pipeline.inbox.until("s1", 3) == ["1", "Пока, 1 1.", "1"]


async def test_an_end_that_comes_after_a_message_changes_nothing(over, clock):
    async with over() as pipeline:
        await say(pipeline, clock, "ещё")
        await pipeline.say(None, event="end", at=clock.now())
        await say(pipeline, clock, "ещё")
        assert await pipeline.inbox.until("s1", 2) == ["1", "2"]


async def test_many_ends_leave_room_for_visitors(over, clock):
    crm, count = Crm(), 3 * CONCURRENT
    async with over(services=crm) as pipeline:
        for number in range(count):
            await say(pipeline, clock, "ещё", session=f"s{number}")
        clock.advance(31 * 86400)
        crm.open.clear()
        sweep = asyncio.create_task(pipeline.conversations.sweep())
        await pipeline.until(lambda: crm.busy == CONCURRENT)
        await pipeline.say("ещё", "visitor", at=clock.now())
        assert await pipeline.inbox.until("visitor", 1) == ["1"]
        crm.open.set()
        await sweep
        assert (len(crm.keys), crm.most) == (count, CONCURRENT)
        assert {len(pipeline.inbox.delivered[f"s{number}"]) for number in range(count)} == {2}


async def test_sessions_of_a_broken_robot_wait_for_it(over, clock):
    async with over() as pipeline:
        await say(pipeline, clock, "ещё")
    clock.advance(31 * 86400)
    async with over(ENDS.replace("id: echo", "id: other")) as pipeline:
        pipeline.source.builds["echo"] = RobotBuild(None, (), b"")
        await pipeline.robots.reload()
        assert await pipeline.conversations.sweep() == 0
        pipeline.source.put(robot(ENDS))
        await pipeline.robots.reload()
        await pipeline.conversations.sweep()
        assert await pipeline.inbox.until("s1", 1) == ["Пока, 1 1."]


async def test_what_a_messenger_could_not_take_yet_is_delivered_later(over, clock):
    inbox = Inbox("telegram.shop", replays=False)
    async with over(SAYS, inbox=inbox) as pipeline:
        await say(pipeline, clock, "ещё", channel="telegram")
        clock.advance(31 * 86400)
        await pipeline.conversations.sweep()
        assert await inbox.until("s1", 2) == ["1", "Пока."]
