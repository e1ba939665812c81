"""The journal keeps every request, whatever its database does."""

import asyncio
import sqlite3

import pytest

from ses.clock import VirtualClock
from ses.errors import SesError
from ses.ledger.contract import Entry
from ses.ledger.database import Database
from ses.ledger.histories import JOURNAL
from ses.ledger.journal import GATHER, RETRY, SqlJournal
from ses.ledger.reading import Wanted, entries
from ses.ledger.spool import Settings, Spool

NOON = 1_742_472_000.0


class Counted:
    def __init__(self):
        self.outcomes = {}

    def journaled(self, outcome, number):
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + number


def entry(number, **changes):
    fields = {
        "user": "10.216.28.2",
        "username": "a.antonov@example.ru",
        "type": "POST /v1/chat/completions",
        "request": f'{{"n": {number}}}',
        "request_dt": NOON + number,
        "response": "{}",
        "response_dt": NOON + number + 0.25,
        "status_code": 200,
    }
    return Entry(**{**fields, **changes})


class House:
    """One journal in a folder; a second start is a second house in it."""

    def __init__(self, folder, *, retention=None, spool=1 << 20, settings="{}"):
        self.file = folder / "data" / "journal.db"
        self.clock = VirtualClock(NOON)
        self.counted = Counted()
        self.database = Database(f"sqlite:///{self.file}", JOURNAL, migrate=True)
        self.spool = Spool(folder / "spool", spool)
        ran_with = Settings(started_at=NOON, version="1", settings=settings)
        self.journal = SqlJournal(
            self.database, self.spool, self.clock, ran_with, self.counted, retention=retention
        )

    def rows(self, columns="request", table="journal"):
        with sqlite3.connect(self.file) as connection:
            found = [row for (row,) in connection.execute(f"SELECT {columns} FROM {table} ORDER BY id")]
        connection.close()
        return found


@pytest.fixture(scope="session")
def empty_journal(tmp_path_factory):
    file = tmp_path_factory.mktemp("journal") / "empty.db"

    async def make():
        database = Database(f"sqlite:///{file}", JOURNAL, migrate=True)
        await database.open()
        await database.close()

    asyncio.run(make())
    return file


@pytest.fixture
def folder(tmp_path, empty_journal):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "journal.db").write_bytes(empty_journal.read_bytes())
    return tmp_path


def break_down(house):
    """The database's file is in nobody's reach."""
    house.file.parent.rename(house.file.parent.with_name("away"))
    house.file.parent.write_text("no folder")


def mend(house):
    house.file.parent.unlink()
    house.file.parent.with_name("away").rename(house.file.parent)


async def test_an_entry_has_the_columns_of_table_17_and_its_settings(folder):
    house = House(folder, settings='{"port": 6190}')
    await house.journal.start()
    house.journal.write(entry(1))
    await house.journal.stop()
    await house.database.open()
    (row,) = await entries(house.database, Wanted())
    await house.database.close()
    assert list(row) == [
        "id", "user", "username", "type", "request", "request_dt", "response", "response_dt", "status_code", "config_id",
    ]  # fmt: skip
    assert str(row["request_dt"]) == "2025-03-20 12:00:01"
    assert house.rows("settings", "settings") == ['{"port": 6190}']
    assert row["config_id"] == house.rows("id", "settings")[0]


async def test_nothing_is_lost_at_the_end(folder):
    house = House(folder)
    await house.journal.start()
    for number in range(1000):
        house.journal.write(entry(number))
    await house.journal.stop()
    assert house.rows() == [f'{{"n": {number}}}' for number in range(1000)]
    assert house.counted.outcomes == {"stored": 1000}


async def test_while_the_database_is_down_entries_wait_on_disk_and_come_in_order(folder):
    house = House(folder, settings='{"first": 1}')
    break_down(house)
    await house.journal.start()
    for number in range(3):
        house.journal.write(entry(number))
    await house.journal.stop()
    assert house.counted.outcomes == {"spooled": 3}
    mend(house)
    second = House(folder, settings='{"second": 2}')
    await second.journal.start()
    second.journal.write(entry(3))
    await second.journal.stop()
    assert second.rows() == [f'{{"n": {number}}}' for number in range(4)]
    assert second.spool.empty
    by_settings = dict(zip(second.rows("id", "settings"), second.rows("settings", "settings"), strict=True))
    assert [by_settings[one] for one in second.rows("config_id")] == ['{"first": 1}'] * 3 + ['{"second": 2}']


async def test_a_database_that_comes_back_gets_what_waited(folder):
    house = House(folder)
    break_down(house)
    await house.journal.start()
    house.journal.write(entry(0))
    await until(house, lambda: house.counted.outcomes.get("spooled") == 1)
    assert "does not answer" in (house.journal.problem or "")
    mend(house)
    house.clock.advance(RETRY)
    house.journal.write(entry(1))
    await until(house, lambda: house.counted.outcomes.get("stored") == 2 and not house.journal.problem)
    await house.journal.stop()
    assert house.rows() == ['{"n": 0}', '{"n": 1}']


async def test_what_is_too_old_goes(folder):
    house = House(folder)
    await house.journal.start()
    house.journal.write(entry(0))
    house.journal.write(entry(86_400 * 9))
    await house.journal.stop()
    later = House(folder, retention=7)
    later.clock.advance(86_400 * 10)
    await later.journal.start()
    later.journal.write(entry(86_400 * 10))
    await until(later, lambda: later.rows() == ['{"n": 777600}', '{"n": 864000}'])
    await later.journal.stop()


async def test_a_full_disk_costs_entries_and_nothing_else(folder):
    house = House(folder, spool=10)
    break_down(house)
    await house.journal.start()
    house.journal.write(entry(0))
    await house.journal.stop()
    assert house.counted.outcomes == {"lost": 1}


async def test_tables_of_a_newer_release_are_left_alone(folder):
    connection = sqlite3.connect(folder / "data" / "journal.db")
    connection.execute("UPDATE journal_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(SesError, match="newer release"):
        await House(folder).journal.start()


async def until(house, true):
    """The journal's time goes on until that holds; files and threads take what they take."""
    async with asyncio.timeout(30):
        while not true():
            house.clock.advance(GATHER)
            await asyncio.sleep(0)
