"""A daemon that is killed loses nothing and says nothing twice; a message that kills it is found out."""

import asyncio
import sqlite3

import msgspec
import pytest

from doubles.conversations import echo, echo_poison
from doubles.mortal_pipeline import MortalPipeline
from doubles.rows import accepted, arrival
from ses.conversations.engine import Engine
from ses.conversations.recovery.quarantine import RUN_SUSPICION
from ses.dialogue.state.ports import Leg
from ses.dialogue.state.session import Checkpoint, Session
from ses.messages import Inbound
from ses.storage.rows import PRESENT
from ses.storage.sqlite.store import SqliteStore


@pytest.fixture(scope="module")
def pipeline_process():
    process = MortalPipeline()
    yield process
    process.close()


@pytest.fixture
def daemon(pipeline_process, tmp_path):
    return Daemon(pipeline_process, tmp_path / "ses.db")


class Daemon:
    """Lives one after the other on one database."""

    def __init__(self, process, database):
        self.process = process
        self.database = database

    def __call__(self, *says, how="deadly"):
        """One life: its exit code, and what it told."""
        code, told = self.process.live(self.database, *says, how=how)
        assert code in (0, -9)
        return code, told


def said(told):
    return [tuple(line[1:]) for line in told if line[0] == "said"]


def test_a_message_that_kills_the_daemon_is_given_up_after_three_deaths_while_it_computed(daemon):
    code, told = daemon(("s1", "die"), ("s1", "after"), ("s2", "hello"))
    assert code == -9, "nobody knows yet who did it"
    for _ in range(3):
        code, told = daemon()
        assert code == -9
    code, told = daemon()
    assert code == 0
    assert ("s1", 1, "poison") in said(told)


async def test_candidates_under_less_suspicion_are_answered_before_the_killer_runs_again(daemon):
    store = SqliteStore(daemon.database)
    await store.open()
    for session, text in (("s1", "die"), ("s2", "hello"), ("s3", "hello")):
        body = Inbound(
            connector="web.site", session=session, id="m", robot="echo", channel="web", at=1e9, text=text
        )
        await accepted(
            store, arrival("m", session=session, robot="echo", body=msgspec.json.encode(body), expires=9e9)
        )
    await store.close()
    accuse(daemon.database)
    assert daemon() == (-9, [])
    code, told = daemon()
    assert (code, said(told)) == (-9, [("s2", 1, "hello"), ("s3", 1, "hello")])


def test_a_message_whose_poison_kills_too_is_dropped(daemon):
    daemon(("s1", "die"), how="deadlier")
    codes = [daemon(how="deadlier")[0] for _ in range(6)]
    assert codes == [-9, -9, -9, -9, 0, 0]
    code, told = daemon(("s1", "alive"), how="deadlier")
    assert (code, said(told)) == (0, [("s1", 1, "alive")])


def test_everything_acknowledged_before_a_kill_is_answered_after_it_in_order(daemon):
    says = [(f"s{number % 20}", f"m{number}") for number in range(400)]
    code, first = daemon(*says[:350], ("killer", "die"), *says[350:])
    assert code == -9
    acknowledged = [(line[1], line[2]) for line in first if line[0] == "acknowledged" and line[1] != "killer"]
    assert len(acknowledged) >= 300
    while code:
        code, _ = daemon()
    database = sqlite3.connect(daemon.database)
    rows = database.execute(
        "SELECT sessions.session, outbox.seq, json_extract(body, '$.text') FROM outbox JOIN sessions ON sessions.id = outbox.session"
        " WHERE sessions.session <> 'killer' ORDER BY 1, 2"
    ).fetchall()
    database.close()
    answered: dict[str, list[str]] = {}
    for session, seq, text in rows:
        assert seq == len(answered.setdefault(session, [])) + 1
        answered[session].append(text)
    for session, texts in answered.items():
        assert texts == sorted(texts, key=lambda text: int(text[1:])), "in order, nothing twice"
        assert {text for name, text in acknowledged if name == session} <= set(texts), "nothing lost"
    assert set(said(first)) <= {(session, seq, text) for session, seq, text in rows} | {
        ("killer", 1, "poison")
    }


async def test_a_poison_candidate_that_waits_for_a_service_holds_up_no_other_and_is_hardly_accused(
    pipeline_over,
):
    """Only who computes while the daemon dies is under full suspicion."""
    gate = asyncio.Event()
    calls = []

    class Services:
        async def classify(self, model, text):
            calls.append(text)
            await gate.wait()
            return []

    async def asks(session, inbounds, programs, newest, ports, *, user_variables):
        await ports.services.classify("model", inbounds[0].text)
        return await echo(session, inbounds, programs, newest, ports, user_variables=user_variables)

    async with pipeline_over(engine=Engine(asks, echo_poison), services=Services(), grace=0) as pipeline:
        for name in ("s1", "s2", "s3"):
            await pipeline.say(name, name)
    accuse(pipeline.store.path)
    calls.clear()
    async with pipeline_over(engine=Engine(asks, echo_poison), services=Services()) as pipeline:
        await pipeline.until(lambda: len(calls) == 3)
        assert [one.suspicion for one in await pipeline.store.pending(0, 9)] == [PRESENT + RUN_SUSPICION] * 3
        gate.set()
        for name in ("s1", "s2", "s3"):
            assert await pipeline.inbox.until(name, 1) == [name]
        await pipeline.answered()
        assert await pipeline.store.pending(0, 9) == []


async def test_the_in_flight_marker_stands_only_while_a_candidate_computes_not_while_it_waits_for_the_disk(
    pipeline_over,
):
    seen, markers = [], [0]

    def watching(sqlite):
        commit = sqlite.commit

        async def watched(record):
            seen.append(("commit", markers[-1]))
            await commit(record)

        sqlite.mark_in_flight, sqlite.commit = markers.append, watched
        return sqlite

    async def in_legs(session, inbounds, programs, newest, ports, *, user_variables):
        session = session or Session(robot=newest.id, connector="web.site", id=inbounds[0].session)
        if session.checkpoint is None:
            session.checkpoint = Checkpoint([one.id for one in inbounds], 0, inbounds[0].at, 1, 0)
            await ports.commit(Leg(session, final=False))
        seen.append(("compute", markers[-1]))
        return await echo(session, inbounds, programs, newest, ports, user_variables=user_variables)

    async def never(*_, **__):
        await asyncio.Event().wait()

    async with pipeline_over(engine=Engine(never, echo_poison), grace=0) as pipeline:
        await pipeline.say("hello")
    accuse(pipeline.store.path)
    async with pipeline_over(engine=Engine(in_legs, echo_poison), wrap=watching) as pipeline:
        assert await pipeline.inbox.until("s1", 1) == ["hello"]
        await pipeline.answered()
    (row,) = {marked for what, marked in seen if what == "compute"}
    assert row
    assert seen == [("commit", 0), ("compute", row), ("commit", 0)]


def accuse(path):
    """Make it look as if the daemon had died."""
    database = sqlite3.connect(path)
    database.execute("INSERT INTO meta VALUES ('running', 1)")
    database.commit()
    database.close()
