"""The store on a real PostgreSQL server keeps the contract, and what only a server can go through."""

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from doubles.postgres import Server, cut
from doubles.rows import accepted, arrival, begun, record
from doubles.storage_contract import StoreContract
from ses.clock import SystemClock, VirtualClock
from ses.errors import SesError
from ses.storage.contract import StoreRefused, StoreUnavailable
from ses.storage.postgres.readers import PoolSize
from ses.storage.postgres.store import PostgresStore
from ses.storage.rows import DEATH, PRESENT, SENT, Accepted, OutboxRow


def store_at(url, folder, clock=None, **given):
    return PostgresStore(
        url, clock or SystemClock(), in_flight=folder / "mark", pool=PoolSize(1, 4, 5.0), **given
    )


@asynccontextmanager
async def opened(url, folder, **given):
    store = store_at(url, folder, **given)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def url(postgres):
    return await postgres.new_database()


@pytest.fixture
async def store(url, tmp_path):
    async with opened(url, tmp_path) as store:
        yield store


@pytest.fixture
def own_server():
    """For tests that stop it."""
    server = Server("fsync=off")
    try:
        server.start()
        yield server
    finally:
        server.remove()


async def well(store):
    async with asyncio.timeout(20):
        while store.problem is not None:
            await asyncio.sleep(0.02)


async def ill(store):
    """Looks at each step of the loop: a store that is cut off on the same machine is well again within milliseconds."""
    async with asyncio.timeout(20):
        while store.problem is None:
            await asyncio.sleep(0)


class TestPostgresStore(StoreContract):
    pass


# --- one daemon, one database ----------------------------------------------------------------------------------


async def test_a_second_daemon_is_refused_and_told_whose_database_it_is(store, url, tmp_path):
    with pytest.raises(StoreRefused, match=r"is in use by another daemon \(ses .+:\d+ on 127.0.0.1\)"):
        await store_at(url, tmp_path / "second", VirtualClock(0, autojump=True)).open()


async def test_a_stop_is_clean_and_a_death_is_not(url, tmp_path):
    store = store_at(url, tmp_path)
    assert await store.open()
    _, inbox = await begun(store)
    store.mark_in_flight(inbox)
    store._connection.terminate()  # what is left of a process that was killed: nothing
    await store._readers.close()
    again = store_at(url, tmp_path)
    assert not await again.open()
    assert [one.suspicion for one in await again.pending(0, 10)] == [PRESENT + DEATH]
    await again.close()
    async with opened(url, tmp_path) as third:
        assert [one.suspicion for one in await third.pending(0, 10)] == [0]


async def test_a_database_of_another_program_is_left_alone(postgres, url, tmp_path):
    await postgres.execute("CREATE TABLE sessions (theirs int)", url.rpartition("/")[2])
    with pytest.raises(StoreRefused, match="has tables of another program"):
        await store_at(url, tmp_path).open()


async def test_a_database_of_a_newer_release_is_refused_with_the_remedy(postgres, url, tmp_path):
    async with opened(url, tmp_path):
        pass
    await postgres.execute("UPDATE pipeline_version SET version_num = '9999'", url.rpartition("/")[2])
    with pytest.raises(StoreRefused, match="made by a newer release.*install that release again"):
        await store_at(url, tmp_path).open()


async def test_a_database_of_an_older_release_is_upgraded_only_when_allowed(postgres, url, tmp_path):
    async with opened(url, tmp_path):
        pass
    await postgres.execute("UPDATE pipeline_version SET version_num = '0000'", url.rpartition("/")[2])
    with pytest.raises(
        StoreRefused, match="make a backup, then run `ses db upgrade`, or start with RUN_MIGRATIONS=1"
    ):
        await store_at(url, tmp_path).open()


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda url: url + "_absent", "does not exist; create it: createdb"),
        (lambda url: url.replace("ses@", "nobody@"), 'role "nobody" does not exist; check the user'),
        (
            lambda url: url.replace("127.0.0.1", "127.0.0.2"),
            "cannot be opened: .*Connect.*; check `storage.url`",
        ),
    ],
)
async def test_a_database_that_cannot_be_opened_is_refused_with_the_remedy(url, tmp_path, broken, message):
    with pytest.raises(StoreRefused, match=message):
        await store_at(broken(url), tmp_path).open()


# --- values that PostgreSQL does not take ------------------------------------------------------------------------


async def test_an_id_that_cannot_be_text_fails_alone(store):
    """PostgreSQL's texts know no zero character, and nobody's UTF-8 a lone surrogate."""
    results = await asyncio.gather(
        *(accepted(store, arrival(name)) for name in ("m1", "m\0", "m\ud800", "x" * 9000, "m2")),
        return_exceptions=True,
    )
    assert [isinstance(result, Accepted) for result in results] == [True, False, False, True, True]
    assert all(isinstance(result, Accepted | SesError) for result in results)
    assert store.problem is None


# --- the connection goes -----------------------------------------------------------------------------------------


async def test_connections_cut_off_while_all_is_quiet_come_back_unasked(store, postgres, url):
    session, _ = await begun(store)

    async def refused_while_ill():
        await ill(store)
        with pytest.raises(StoreUnavailable, match="connection to PostgreSQL is lost"):
            await accepted(store, arrival("m2"))

    watching = asyncio.create_task(refused_while_ill())
    assert await cut(postgres, url) >= 2
    await watching
    assert await store.session("web.site", "s1"), "readers come back at once"
    await well(store)
    assert (await accepted(store, arrival("m2", row=session))).row
    assert store.waiting == 0


async def test_a_restart_of_the_server_under_load_loses_nothing_acknowledged(own_server, tmp_path):
    url = await own_server.new_database()
    async with opened(url, tmp_path) as store:
        known: dict[str, int] = {}
        going = True

        async def visitor(name):
            number = 0
            while going:
                id = f"{name}-{number}"
                try:
                    result = await accepted(store, arrival(id, session=name, body=id.encode()))
                except StoreUnavailable:
                    await asyncio.sleep(0.01)  # the same again, as a page does
                    continue
                # A copy is known: the first one was written though nobody could say so.
                known[id] = result.row
                number += 1

        tasks = [asyncio.create_task(visitor(f"v{number}")) for number in range(20)]
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGINT):
            before = len(known)
            async with asyncio.timeout(30):
                while len(known) < before + 200:
                    await asyncio.sleep(0.01)
            await asyncio.to_thread(own_server.stop, how)
            await ill(store)
            await asyncio.to_thread(own_server.start)
            await well(store)
        going = False
        await asyncio.gather(*tasks)
        stored = {one.body.decode(): one.row for one in await store.pending(0, 1_000_000)}
        assert stored.keys() == known.keys()
        assert 0 not in known.values(), "what was written was reported as written"
        assert all(stored[id] == row for id, row in known.items())


class Gate:
    """A line to the server that can be cut at the moment when it is asked to commit."""

    def __init__(self, server_port):
        self._server_port = server_port
        self._halves = []
        self.cut_at_commit = None
        """`before`: the server never hears it; `after`: it does, and nobody hears its answer."""
        self.was_cut = False

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: Half(self), "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._listener.close()
        for half in self._halves:
            half.transport.abort()


class Half(asyncio.Protocol):
    """One side of a connection through the gate; the daemon's side opens the server's."""

    def __init__(self, gate, other=None):
        self.gate, self.other, self.early, self.deaf = gate, other, [], False
        self.transport: Any = None
        """From `connection_made` on."""
        gate._halves.append(self)

    def connection_made(self, transport):
        self.transport = transport
        if self.other is None:
            self.joining = asyncio.ensure_future(self.join())

    async def join(self):
        _, self.other = await asyncio.get_running_loop().create_connection(
            lambda: Half(self.gate, self), "127.0.0.1", self.gate._server_port
        )
        for data in self.early:
            self.other.transport.write(data)

    def data_received(self, data):
        gate = self.gate
        if gate.cut_at_commit and b"COMMIT" in data:
            gate.was_cut = True
            if gate.cut_at_commit == "before":
                self.transport.abort()
                self.other.transport.abort()
            else:
                self.other.deaf = True
                self.other.transport.write(data)
            gate.cut_at_commit = None
        elif self.deaf:
            self.transport.abort()
            self.other.transport.abort()
        elif self.other is None:
            self.early.append(data)
        else:
            self.other.transport.write(data)

    def connection_lost(self, error):
        if self.other is not None:
            self.other.transport.abort()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_connection_lost_during_a_commit_is_resolved_by_reading_back(postgres, url, tmp_path, when):
    async with Gate(postgres.port) as gate:
        async with opened(url.replace(f":{postgres.port}/", f":{gate.port}/"), tmp_path) as store:
            session, _ = await begun(store)
            gate.cut_at_commit = when
            turn = record(session, 1, seq=1, outbox=(OutboxRow(1, b"said", None, SENT),))
            results = await asyncio.gather(
                accepted(store, arrival("m2", row=session)), store.commit(turn), return_exceptions=True
            )
            assert gate.was_cut
            await well(store)
            written = {one.row for one in await store.pending(0, 10)}
            said = [one.body for one in await store.sent(session, after=0, limit=9)]
            if when == "after":
                assert isinstance(results[0], Accepted)
                assert results[0].row in written
                assert (results[1], said) == ((), [b"said"])
            else:
                assert [type(result) for result in results] == [StoreUnavailable] * 2
                assert (len(written), said) == (1, [])


async def test_a_database_that_another_daemon_used_meanwhile_is_not_written_any_more(
    store, url, tmp_path, postgres
):
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE meta SET value = 'somebody else' WHERE name = 'running'")
    await connection.close()
    await cut(postgres, url)
    async with asyncio.timeout(10):
        while "another daemon has used" not in (store.problem or ""):
            await asyncio.sleep(0.02)
    with pytest.raises(StoreUnavailable, match="restart this one"):
        await accepted(store, arrival())


async def test_a_server_that_stops_answering_is_given_up_and_its_work_is_not_guessed(url, tmp_path):
    """As when the network swallows everything: the old connection lives on at the server, with the lock."""
    async with opened(url, tmp_path, statement_timeout=1.0) as store:
        session, _ = await begun(store)
        backend = store._connection.current.get_server_pid()
        os.kill(backend, signal.SIGSTOP)
        try:
            with pytest.raises(StoreUnavailable, match="does not answer"):
                await accepted(store, arrival("m2", row=session))
            with pytest.raises(StoreUnavailable, match="does not answer"):
                await accepted(store, arrival("m3", row=session))
        finally:
            os.kill(backend, signal.SIGCONT)
        await well(store)
        assert len(await store.pending(0, 10)) == 1, "what was refused is not there"
        assert (await accepted(store, arrival("m2", row=session))).row
