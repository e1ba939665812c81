"""Whatever comes in whatever way: each message once, in the order of its first copy, numbered without gaps."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from doubles.conversations import Inbox, StoredPrograms, echo, echo_poison, echo_program
from ses.clock import SystemClock
from ses.conversations.conversations import Conversations
from ses.conversations.engine import Engine
from ses.conversations.inbound.rate_limit import Limits
from ses.conversations.lifecycle.robots import Robots
from ses.messages import Inbound
from ses.storage.sqlite.store import SqliteStore

FREE = Limits(messages=1e6, per=1.0, burst=1e6, idle=2)

arrivals = st.lists(
    st.tuples(
        st.integers(0, 3),  # whose
        st.integers(0, 9),  # which message: a number that comes again is a second copy
        st.sampled_from(["at once", "when it is stored", "after a restart"]),  # when the next one comes
    ),
    max_size=40,
)


async def yields(session, inbounds, *rest, **values):
    """A turn that lets others run as often as its message says."""
    for _ in range(int(inbounds[0].text) % 4):
        await asyncio.sleep(0)
    return await echo(session, inbounds, *rest, **values)


async def live(path, arriving, said):
    """One life of the pipeline, until the arrivals end or ask for a restart; whatever is left waits for the next."""
    store = SqliteStore(path)
    await store.open()
    clock = SystemClock()
    robots = Robots(StoredPrograms(echo_program()), store, clock)
    await robots.reload()
    engine = Engine(yields, echo_poison)
    conversations = Conversations(store, robots, cast("Any", None), clock=clock, limits=FREE, engine=engine)
    conversations.attach(Inbox())
    await conversations.start()
    under_way = []
    for who, number, then in arriving:
        inbound = Inbound(connector="web.site", session=f"s{who}", id=f"m{number}", robot="echo", channel="web",
                          at=clock.now(), text=str(number))  # fmt: skip
        under_way.append(asyncio.ensure_future(conversations.receive(inbound)))
        if number not in said[who]:
            said[who].append(number)
        if then != "at once":
            await asyncio.gather(*under_way)
        if then == "after a restart":
            break
    await asyncio.gather(*under_way)
    await conversations.stop(5.0)
    rows = [await store.session("web.site", f"s{who}") for who in said]
    sent = [[] if row is None else await store.sent(row.id, after=0, limit=999) for row in rows]
    waiting = await store.pending(0, 9)
    await store.close()
    return sent, waiting


async def all_lives(arrived):
    said: dict[int, list[int]] = {who: [] for who in range(4)}
    with tempfile.TemporaryDirectory() as folder:
        arriving, waiting = iter(arrived), True
        sent: list[list] = []
        while waiting or len(sent) == 0 or sum(map(len, sent)) < len({one[:2] for one in arrived}):
            sent, waiting = await live(Path(folder) / "ses.db", arriving, said)
    return said, sent


@settings(max_examples=25, deadline=None)
@given(arrivals)
def test_each_message_is_answered_once_in_order(arrived):
    said, sent = asyncio.run(all_lives(arrived))
    for who, rows in zip(said, sent, strict=True):
        assert [row.seq for row in rows] == list(range(1, len(said[who]) + 1))
        assert [row.body.decode().split('"text":"')[1].split('"')[0] for row in rows] == [
            str(n) for n in said[who]
        ]
