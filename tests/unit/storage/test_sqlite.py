"""The embedded store keeps the contract, and what only a file on a disk can go through."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from doubles import environment
from doubles.rows import accepted, arrival, begun, record
from doubles.storage_contract import StoreContract
from ses.storage.contract import StoreRefused, StoreUnavailable
from ses.storage.rows import DEATH, PRESENT, SENT, OutboxRow
from ses.storage.sqlite import commands
from ses.storage.sqlite.store import SqliteStore


@asynccontextmanager
async def opened(path, **given):
    store = SqliteStore(path, **given)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def store(tmp_path):
    async with opened(tmp_path / "data" / "ses.db") as store:
        yield store


class TestSqliteStore(StoreContract):
    pass


async def test_a_second_daemon_is_refused_and_told_whose_database_it_is(store):
    second = SqliteStore(store.path)
    with pytest.raises(StoreRefused, match=r"in use by another daemon \(process \d+\)"):
        await second.open()


async def test_a_database_of_a_newer_release_is_refused_with_the_remedy(tmp_path):
    async with opened(tmp_path / "ses.db"):
        pass
    database = sqlite3.connect(tmp_path / "ses.db")
    database.execute("UPDATE pipeline_version SET version_num = '9999'")
    database.commit()
    database.close()
    with pytest.raises(StoreRefused, match="made by a newer release.*install that release again"):
        await SqliteStore(tmp_path / "ses.db").open()


async def test_a_database_of_another_program_is_left_alone(tmp_path):
    database = sqlite3.connect(tmp_path / "other.db")
    database.execute("CREATE TABLE theirs (x)")
    database.close()
    with pytest.raises(StoreRefused, match="another program"):
        await SqliteStore(tmp_path / "other.db").open()


@pytest.mark.parametrize("content", [b"this is no database, though it is long enough to be one" * 100])
async def test_a_file_that_is_no_database_is_refused(tmp_path, content):
    (tmp_path / "ses.db").write_bytes(content)
    with pytest.raises(StoreRefused, match="cannot be opened"):
        await SqliteStore(tmp_path / "ses.db").open()


async def test_a_refused_store_lets_go_of_its_lock(tmp_path):
    (tmp_path / "ses.db").write_bytes(b"x" * 4096)
    with pytest.raises(StoreRefused):
        await SqliteStore(tmp_path / "ses.db").open()
    (tmp_path / "ses.db").unlink()
    async with opened(tmp_path / "ses.db"):
        pass


async def test_a_clean_stop_is_told_from_an_unclean_one(tmp_path):
    first = SqliteStore(tmp_path / "ses.db")
    assert await first.open()
    await first.close()
    script = f"""
import asyncio, os, pathlib
from ses.storage.sqlite.store import SqliteStore
from doubles.rows import begun, arrival, accepted
async def main():
    store = SqliteStore(pathlib.Path({str(tmp_path / "ses.db")!r}))
    print(await store.open(), flush=True)
    await begun(store)
    await accepted(store, arrival("m2"))
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""
    died = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, env=environment()
    )
    assert (died.stdout, died.returncode) == ("True\n", -9)
    second = SqliteStore(tmp_path / "ses.db")
    assert not await second.open()
    assert [one.suspicion for one in await second.pending(0, 9)] == [PRESENT, 0]
    await second.close()
    third = SqliteStore(tmp_path / "ses.db")
    assert await third.open()
    assert [one.suspicion for one in await third.pending(0, 9)] == [0, 0]
    await third.close()


# --- a disk that is full ---------------------------------------------------------------------------------------


def fill(store):
    """Let the database grow by nothing more, as on a full disk."""
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")


def make_room(store):
    store._connection.execute("PRAGMA max_page_count = 1000000")


async def test_a_full_disk_is_told_and_passes(store):
    await begun(store)
    fill(store)
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        await accepted(store, arrival("big", body=b"x" * 100_000))
    assert store.problem == "the disk is full"
    make_room(store)
    await accepted(store, arrival("later"))
    assert store.problem is None


async def test_a_full_disk_that_has_room_again_is_found_without_traffic(tmp_path):
    async with opened(tmp_path / "ses.db", probe=0.01) as store:
        await begun(store)
        fill(store)
        with pytest.raises(StoreUnavailable):
            await accepted(store, arrival("big", body=b"x" * 100_000))
        make_room(store)
        async with asyncio.timeout(30):
            while store.problem is not None:
                await asyncio.sleep(0)


async def test_nothing_overtakes_what_the_full_disk_refused(store):
    """The large one does not fit, the small ones behind it would: they were sent before anyone knew, so they fail too."""
    await begun(store)
    fill(store)
    results = {}
    done = asyncio.Event()

    def report(name, result):
        results[name] = type(result)
        if len(results) == 600:
            done.set()

    store.accept(arrival("big", body=b"x" * 100_000), lambda result: report("big", result))
    for number in range(599):
        store.accept(arrival(f"m{number}", body=b""), lambda result, n=number: report(n, result))
    await done.wait()
    assert set(results.values()) == {StoreUnavailable}
    make_room(store)


async def test_a_database_locked_by_another_program_is_told(store, monkeypatch):
    await begun(store)
    store._connection.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="another program has locked"):
        await accepted(store, arrival("m2"))
    other.execute("COMMIT")
    other.close()
    assert (await accepted(store, arrival("m2"))).row


async def test_the_write_ahead_log_stays_bounded_beside_a_reader_that_never_ends(tmp_path):
    async with opened(tmp_path / "ses.db", longest_log=1 << 20) as store:
        session, _ = await begun(store)
        log = store.path.with_name("ses.db-wal")
        for number in range(1, 600):
            body = OutboxRow(number, b"x" * 8000, None, SENT)
            await store.commit(record(session, number, seq=number, outbox=(body,)))
        assert log.stat().st_size < 34 << 20


async def test_it_can_be_read_by_its_owner_only(store):
    assert store.path.stat().st_mode & 0o777 == 0o600


async def test_a_closed_store_says_so(tmp_path):
    store = SqliteStore(tmp_path / "ses.db")
    assert store.problem == "the store is closed"
    await store.open()
    await store.close()
    await store.close()
    assert store.problem == "the store is closed"


async def test_who_was_computed_when_the_process_died_is_known_afterwards(tmp_path):
    script = f"""
import asyncio, os, pathlib
from ses.storage.sqlite.store import SqliteStore
from doubles.rows import begun
async def main():
    store = SqliteStore(pathlib.Path({str(tmp_path / "ses.db")!r}))
    await store.open()
    rows = [(await begun(store, name))[1] for name in ("s1", "s2", "s3")]
    store.mark_in_flight(rows[0])
    store.mark_in_flight(rows[1])
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", script], check=False, env=environment())
    store = SqliteStore(tmp_path / "ses.db")
    await store.open()
    assert [one.suspicion for one in await store.pending(0, 9)] == [PRESENT, PRESENT + DEATH, PRESENT]
    assert store._writer is not None
    for _ in range(5):
        await store._writer.run(commands.begin_service, 0)  # more deaths while nobody computed
    assert [one.suspicion for one in await store.pending(0, 9)] == [PRESENT, PRESENT + DEATH, PRESENT]
    await store.close()
    second = SqliteStore(tmp_path / "ses.db")
    await second.open()
    assert [one.suspicion for one in await second.pending(0, 9)] == [0, 0, 0]
    await second.close()
