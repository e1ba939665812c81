"""A turn becomes durable in legs: what was said before a call arrives before it, and is never said twice."""

import asyncio
from dataclasses import replace

import pytest

from doubles.conversations import Inbox, echo, echo_poison, echo_program
from ses.conversations.engine import Engine
from ses.dialogue.state.frames import Activity, Frame
from ses.dialogue.state.ports import Increment, Leg
from ses.dialogue.state.session import Checkpoint, Session
from ses.messages import Outgoing
from ses.scenario.program.definitions import Variable
from ses.storage.contract import StoreUnavailable


def caller(call):
    """An engine that says `wait`, awaits `call`, and says `done`; it goes on from its checkpoint."""

    async def run(session, inbounds, programs, newest, ports, *, user_variables):
        first = inbounds[0]
        session = session or Session(robot=newest.id, connector=first.connector, id=first.session)
        if session.checkpoint is None:
            session.turn += 1
            session.seq += 1
            session.checkpoint = Checkpoint([one.id for one in inbounds], 0, first.at, 1, 0)
            said = Outgoing(id=f"{session.id}/{session.turn}/1", seq=session.seq, text="wait")
            await ports.commit(Leg(session, [said], final=False))
        assert [one.id for one in inbounds] == session.checkpoint.inbounds
        await call(ports)
        session.checkpoint = None
        session.seq += 1
        return Leg(session, [Outgoing(id=f"{session.id}/{session.turn}/2", seq=session.seq, text="done")])

    return Engine(run, echo_poison)


async def test_what_was_said_before_a_call_arrives_before_it(pipeline_over):
    gate = asyncio.Event()

    async def call(ports):
        await gate.wait()

    async with pipeline_over(engine=caller(call)) as pipeline:
        await pipeline.say("order")
        assert await pipeline.inbox.until("s1", 1) == ["wait"]
        assert pipeline.inbox.typed == [True]
        gate.set()
        assert await pipeline.inbox.until("s1", 2) == ["wait", "done"]
        await pipeline.answered()
        assert pipeline.inbox.typed == [True, False]


async def test_a_turn_that_was_stopped_goes_on_from_its_last_leg(pipeline_over):
    async def never(ports):
        await asyncio.Event().wait()

    async def at_once(ports):
        pass

    async with pipeline_over(engine=caller(never), grace=0) as pipeline:
        await pipeline.say("order")
        await pipeline.say("and more")
        await pipeline.inbox.until("s1", 1)
    async with pipeline_over(engine=caller(at_once)) as pipeline:
        assert await pipeline.inbox.until("s1", 3) == ["done", "wait", "done"]
        assert [one.seq for one in pipeline.inbox.delivered["s1"]] == [2, 3, 4]


async def test_a_graceful_stop_finishes_the_turn_under_way(pipeline_over):
    entered = asyncio.Event()

    async def until_the_stop(ports):
        entered.set()
        await pipeline.until(lambda: "conversations" in pipeline.conversations.ready())

    async def at_once(ports):
        pass

    async with pipeline_over(engine=caller(until_the_stop)) as pipeline:
        await pipeline.say("order")
        await pipeline.say("the next one waits for the next start")
        await entered.wait()
        stopped = pipeline.inbox
    assert [one.text for one in stopped.delivered["s1"]] == ["wait", "done"]
    async with pipeline_over(engine=caller(at_once)) as pipeline:
        assert await pipeline.inbox.until("s1", 2) == ["wait", "done"]


async def test_slow_work_runs_off_the_loop(pipeline_over):
    import threading

    threads = []

    async def call(ports):
        threads.append(await ports.offload(threading.get_ident))

    async with pipeline_over(engine=caller(call)) as pipeline:
        await pipeline.say("order")
        await pipeline.inbox.until("s1", 2)
    assert threads != [threading.get_ident()]


async def test_an_engine_that_fails_harms_one_turn(pipeline_over):
    async def fails(session, inbounds, programs, newest, ports, *, user_variables):
        if inbounds[0].text == "bad":
            raise ZeroDivisionError
        return await echo(session, inbounds, programs, newest, ports, user_variables=user_variables)

    async with pipeline_over(engine=Engine(fails, echo_poison)) as pipeline:
        for text in ("good", "bad", "good again"):
            await pipeline.say(text)
        assert await pipeline.inbox.until("s1", 3) == ["good", "poison", "good again"]


async def test_an_engine_that_fails_even_to_apologise_is_silent_and_goes_on(pipeline_over):
    async def fails(session, inbound, *rest, user_variables):
        what = inbound[0] if isinstance(inbound, list) else inbound
        if what.text == "bad":
            raise ZeroDivisionError
        return await echo(session, [what], *rest, user_variables=user_variables)

    async with pipeline_over(engine=Engine(fails, fails)) as pipeline:
        for text in ("bad", "good"):
            await pipeline.say(text)
        assert await pipeline.inbox.until("s1", 1) == ["good"]
        assert await pipeline.store.pending(0, 9) == []


async def test_values_of_a_user_are_read_before_and_added_up_after(pipeline_over):
    seen = []

    async def counts(session, inbounds, programs, newest, ports, *, user_variables):
        seen.append(dict(user_variables))
        leg = await echo(session, inbounds, programs, newest, ports, user_variables=user_variables)
        leg.user_variables = {"visits": Increment(1)}
        return leg

    program = replace(echo_program(), variables={"visits": Variable("visits", 0, keep="user")})
    async with pipeline_over(program, engine=Engine(counts, echo_poison)) as pipeline:
        for session in ("s1", "s2", "s1"):
            await pipeline.say("hi", session, user="ann")
            await pipeline.answered()
        await pipeline.say("hi", "s3")
        await pipeline.answered()
        assert await pipeline.store.user_values("echo", "ann") == {"visits": 3}
    assert seen == [{}, {"visits": 1}, {"visits": 2}, {}]


# --- private values ------------------------------------------------------------------------------------------------


def private(session, inbounds):
    async def run(session, inbounds, programs, newest, ports, *, user_variables):
        leg = await echo(session, inbounds, programs, newest, ports, user_variables=user_variables)
        if inbounds[0].text == "4111":
            leg.masked = {inbounds[0].id: "‹card›"}
            leg.outgoing[0].masked = "‹card›"
        return leg

    return Engine(run, echo_poison)


PRIVATE = private(None, None)


async def stored_bodies(pipeline):
    return await pipeline.store.readers.read(
        lambda db: b" ".join(
            row[0] for table in ("inbox", "outbox") for row in db.execute(f"SELECT body FROM {table} ORDER BY 1")
        ).decode()
    )  # fmt: skip


async def test_a_private_value_is_shown_to_its_owner_and_to_nobody_else(pipeline_over):
    from ses.conversations.views import LogRequest

    async with pipeline_over(engine=PRIVATE) as pipeline:
        await pipeline.say("4111")
        assert await pipeline.inbox.until("s1", 1) == ["4111"]
        await pipeline.answered()
        page = await pipeline.conversations.log(LogRequest(robot="echo"))
        assert [item["text"] for item in page.items] == ["‹card›", "‹card›"]
        view = await pipeline.conversations.session("echo", "s1")
        assert "4111" not in str(view)
        await pipeline.say("next")
        await pipeline.answered()
        assert "4111" not in await stored_bodies(pipeline)


async def test_a_private_value_leaves_the_outbox_when_a_messenger_has_it(pipeline_over):
    async with pipeline_over(engine=PRIVATE, inbox=Inbox("telegram.shop", replays=False)) as pipeline:
        await pipeline.say("4111", channel="telegram")
        assert await pipeline.inbox.until("s1", 1) == ["4111"]
        await pipeline.delivered()
        assert "4111" not in await stored_bodies(pipeline)


# --- versions ------------------------------------------------------------------------------------------------------


def rests_in_its_version():
    """Each session begins an activity in the version it first met, and says which versions it was given."""

    async def run(session, inbounds, programs, newest, ports, *, user_variables):
        leg = await echo(session, inbounds, programs, newest, ports, user_variables=user_variables)
        if not leg.session.stack:
            leg.session.stack = [Activity(1, newest.version, [Frame("f", "f.1")])]
        mine = leg.session.stack[0].version
        leg.outgoing[0].text = f"newest {newest.version}, mine {programs[mine].version}"
        return leg

    return Engine(run, echo_poison)


async def test_a_session_keeps_its_version_across_a_hot_reload_and_a_restart(pipeline_over):
    engine = rests_in_its_version()
    async with pipeline_over(echo_program(version="1"), engine=engine) as pipeline:
        await pipeline.say()
        await pipeline.inbox.until("s1", 1)
        pipeline.source.put(echo_program(version="2"))
        await pipeline.robots.reload()
        await pipeline.say()
        assert await pipeline.inbox.until("s1", 2) == ["newest 1, mine 1", "newest 2, mine 1"]
        await pipeline.conversations.sweep()
    async with pipeline_over(echo_program(version="3"), engine=engine) as pipeline:
        await pipeline.conversations.sweep()
        assert set(pipeline.robots.programs("echo")) == {"3"}
        await pipeline.say()
        assert await pipeline.inbox.until("s1", 1) == ["newest 3, mine 1"]
        assert set(pipeline.robots.programs("echo")) == {"1", "3"}
        assert await pipeline.store.version("echo", "2") is None, "nobody rests in it"


async def test_a_reload_that_cannot_store_the_version_changes_nothing(pipeline, monkeypatch):
    async def full(row):
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(pipeline.store, "keep_version", full)
    pipeline.source.put(echo_program(version="2"))
    with pytest.raises(StoreUnavailable):
        await pipeline.robots.reload()
    assert pipeline.robots.newest("echo").version == "1"
