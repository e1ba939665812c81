"""What others see of a conversation: its reader's history, the caller's answer, the log, the session."""

import asyncio

import pytest

from doubles.conversations import echo, echo_poison
from ses.clock import VirtualClock
from ses.connectors.contract import Refused
from ses.conversations.engine import Engine
from ses.conversations.views import LogRequest
from ses.dialogue.state.ports import Leg
from ses.messages import Attachment, Conversation


async def test_history_shows_both_sides_in_order(pipeline):
    for number in range(3):
        await pipeline.say(f"in {number}", id=f"v{number}")
    await pipeline.inbox.until("s1", 3)
    where = Conversation("web.site", "s1")
    entries = await pipeline.conversations.history(where, after=None)
    assert [(one.sender, one.id, one.seq) for one in entries] == [
        ("visitor", "v0", None), ("robot", "s1/1/1", 1), ("visitor", "v1", None), ("robot", "s1/2/1", 2),
        ("visitor", "v2", None), ("robot", "s1/3/1", 3),
    ]  # fmt: skip
    assert [one.id for one in await pipeline.conversations.history(where, after=None, limit=2)] == [
        "v2",
        "s1/3/1",
    ]
    assert await pipeline.conversations.history(Conversation("web.site", "nobody"), after=0) == []


async def test_a_session_is_known_by_its_key_from_its_first_inbound_until_it_expires(pipeline_over):
    clock = VirtualClock(1_000_000.0)
    where = Conversation("web.site", "s1")
    async with pipeline_over(clock=clock) as pipeline:
        assert not await pipeline.conversations.has_begun(where)
        await pipeline.conversations.receive(pipeline.inbound(at=clock.now()), key_hash=b"hash")
        assert await pipeline.conversations.has_begun(where)
        assert await pipeline.conversations.owner(where) == (b"hash", "")
        await pipeline.answered()
    async with pipeline_over(clock=clock) as pipeline:
        assert await pipeline.conversations.has_begun(where)
        assert await pipeline.conversations.owner(where) == (b"hash", "")
        clock.advance(31 * 86400)
        assert not await pipeline.conversations.has_begun(where)
        assert await pipeline.conversations.sweep() == 1
        assert await pipeline.store.session(*where) is None


async def test_a_session_that_has_expired_begins_anew_and_its_numbers_go_on(pipeline_over):
    states = []

    async def remembers(session, inbounds, programs, newest, ports, *, user_variables):
        states.append(None if session is None else session.variables.get("seen"))
        leg = await echo(session, inbounds, programs, newest, ports, user_variables=user_variables)
        leg.session.variables["seen"] = True
        return leg

    clock = VirtualClock(1_000_000.0)
    async with pipeline_over(clock=clock, engine=Engine(remembers, echo_poison)) as pipeline:
        for _ in range(2):
            await pipeline.say(at=clock.now())
            await pipeline.answered()
        clock.advance(31 * 86400)
        await pipeline.say(at=clock.now())
        await pipeline.inbox.until("s1", 3)
    assert states == [None, True, None]
    assert [one.id for one in pipeline.inbox.delivered["s1"]] == ["s1/1/1", "s1/2/1", "s1/3/1"]


# --- ask -----------------------------------------------------------------------------------------------------------


def question(pipeline, text="hi", **given):
    return pipeline.inbound(text, "a1", connector="api.echo", channel="api", **given)


async def test_ask_returns_the_replies_and_what_was_understood(pipeline):
    reply = await pipeline.conversations.ask(question(pipeline), timeout=5)
    assert ([one.text for one in reply.replies], reply.turn, reply.repeated) == (["hi"], 1, False)
    assert reply.trace == {"id": "a1/1"}


async def test_a_repeated_ask_gets_the_stored_answer_also_after_a_restart(pipeline_over):
    async with pipeline_over() as pipeline:
        await pipeline.conversations.ask(question(pipeline, id="q1"), timeout=5)
        again = await pipeline.conversations.ask(question(pipeline, "other words", id="q1"), timeout=5)
        assert ([one.text for one in again.replies], again.repeated) == (["hi"], True)
    async with pipeline_over() as pipeline:
        again = await pipeline.conversations.ask(question(pipeline, id="q1"), timeout=5)
        assert ([one.text for one in again.replies], again.turn, again.repeated) == (["hi"], 1, True)
        assert again.trace == {"id": "a1/1"}


async def test_a_repeat_of_an_ask_under_way_gets_the_same_answer(pipeline_over):
    gate = asyncio.Event()

    async def waits(*arguments, **values):
        await gate.wait()
        return await echo(*arguments, **values)

    async with pipeline_over(engine=Engine(waits, echo_poison)) as pipeline:
        first, second = (
            asyncio.create_task(pipeline.conversations.ask(question(pipeline, id="q1"), timeout=5))
            for _ in "12"
        )
        with pytest.raises(Refused) as refusal:
            await pipeline.conversations.ask(question(pipeline, id="q1"), timeout=0.01)
        assert refusal.value.code == "timeout"
        gate.set()
        (one, other) = await asyncio.gather(first, second)
        # Who still looked into the store when the answer came has found it there.
        assert (one.turn, one.replies) == (other.turn, other.replies)


# --- log and session -----------------------------------------------------------------------------------------------


async def test_the_log_is_paged_by_a_cursor(pipeline):
    for number in range(5):
        await pipeline.say(f"line {number}")
    await pipeline.inbox.until("s1", 5)
    whole = await pipeline.conversations.log(LogRequest(robot="echo"))
    assert whole.cursor is None
    assert sorted(item["text"] for item in whole.items) == sorted([f"line {n}" for n in range(5)] * 2)
    assert [item["datetime"] for item in whole.items] == sorted(item["datetime"] for item in whole.items)
    items, cursor = await pipeline.conversations.log(LogRequest(robot="echo", limit=3))
    while cursor is not None:
        more, cursor = await pipeline.conversations.log(LogRequest(robot="echo", limit=3, cursor=cursor))
        assert len(more) <= 3
        items = [*items, *more]
    assert items == whole.items


async def test_the_log_is_searched_by_text_whatever_the_case(pipeline):
    for text in ("Хочу ПИЦЦУ", "нет", "пиццу!"):
        await pipeline.say(text)
    await pipeline.inbox.until("s1", 3)
    found, cursor = await pipeline.conversations.log(LogRequest(robot="echo", text="пиццу", limit=2))
    rest, end = await pipeline.conversations.log(
        LogRequest(robot="echo", text="пиццу", limit=9, cursor=cursor)
    )
    assert sorted(item["text"] for item in (*found, *rest)) == ["Хочу ПИЦЦУ"] * 2 + ["пиццу!"] * 2
    assert end is None


@pytest.mark.parametrize("cursor", ["x", "ы", "AAAA", "lQ", "=" * 9, "k8s"])
async def test_a_cursor_that_is_none_of_ours_is_refused(pipeline, cursor):
    with pytest.raises(ValueError, match="cursor"):
        await pipeline.conversations.log(LogRequest(robot="echo", cursor=cursor))


async def test_the_session_has_an_entry_for_each_turn(pipeline):
    for text in ("one", "two"):
        await pipeline.say(text)
    await pipeline.inbox.until("s1", 2)
    await pipeline.answered()
    view = await pipeline.conversations.session("echo", "s1")
    assert view["robot"] == "echo"
    assert [(one["request"]["message"], one["reply"]) for one in view["data"]] == [
        ("one", {"text": ["one"]}),
        ("two", {"text": ["two"]}),
    ]
    assert await pipeline.conversations.session("echo", "unknown") is None
    assert await pipeline.conversations.session("other", "s1") is None


async def test_the_session_tells_what_was_called_to_answer(pipeline_over):
    call = {"id": "1.1", "name": "", "model": "shop", "type": "smc", "param": "hi", "reply": {"order": 0.9}}

    async def calling(session, inbounds, programs, newest, ports, *, user_variables):
        leg = await echo(session, inbounds, programs, newest, ports, user_variables=user_variables)
        trace = {**(leg.trace or {}), "calls": [call]}
        return Leg(leg.session, leg.outgoing, make_trace=lambda: trace, keep_trace=True)

    async with pipeline_over(engine=Engine(calling, echo_poison)) as pipeline:
        await pipeline.say("hi")
        await pipeline.answered()
        view = await pipeline.conversations.session("echo", "s1")
        assert view["data"][0]["request"]["data"] == [call]


async def test_what_is_masked_keeps_no_attachments(pipeline_over):
    async def masking(session, inbounds, programs, newest, ports, *, user_variables):
        leg = await echo(session, inbounds, programs, newest, ports, user_variables=user_variables)
        leg.masked = {inbounds[0].id: "‹phone›"}
        return leg

    async with pipeline_over(engine=Engine(masking, echo_poison)) as pipeline:
        contact = Attachment(kind="contact", name="Ivan", value={"phone": "+79131234567"})
        await pipeline.conversations.receive(pipeline.inbound("hi", attachments=(contact,)))
        await pipeline.answered()
        [line] = [one for one in await pipeline.store.turns(1, last=5) if one.side == 0]
        assert b"7913" not in line.body
        assert b"Ivan" not in line.body
