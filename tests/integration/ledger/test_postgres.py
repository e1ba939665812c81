"""Users and journal on a real PostgreSQL server."""

import asyncio
import signal

import asyncpg
import pytest

from doubles.postgres import Server
from ses.clock import SystemClock, VirtualClock
from ses.errors import SesError
from ses.ledger.contract import EmailTaken, Entry, LastPrivileged, LedgerDown
from ses.ledger.database import Database
from ses.ledger.histories import JOURNAL, users_history
from ses.ledger.journal import SqlJournal
from ses.ledger.reading import Wanted, entries
from ses.ledger.spool import Settings, Spool
from ses.ledger.users import SqlUsers

NOON = 1_742_472_000.0


def entry(number):
    return Entry(
        user="10.216.28.2",
        username=None,
        type="POST /v1/completions",
        request=f"a NUL \0 and {number}",
        request_dt=NOON + number,
        response="{}",
        response_dt=NOON + number + 1,
        status_code=200,
    )


class Counted:
    def __init__(self):
        self.outcomes = {}

    def journaled(self, outcome, number):
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + number


async def test_users_live_in_a_database_that_is_made_for_them(postgres):
    database = Database(postgres.url("users_of_the_model"), users_history("Cotype_Users"), migrate=True)
    await database.open()
    users = SqlUsers(database, "Cotype_Users", VirtualClock(NOON))
    try:
        token, admin = await users.create("admin@example.ru", "secret", days=1, privileged=True)
        user = await users.by_token(token)
        assert user is not None
        assert user.email == "admin@example.ru"
        assert await users.log_in("admin@example.ru", "secret") is not None
        assert await users.log_in("admin@example.ru", "wrong") is None
        with pytest.raises(EmailTaken):
            await users.create("admin@example.ru", "secret", days=1, privileged=True)
        with pytest.raises(LastPrivileged):
            await users.delete(token=token)
        await users.create("past@example.ru", "p", days=-1, privileged=False)
        assert [one.email for one in await users.disable_expired()] == ["past@example.ru"]
        assert [one.email for one in await users.delete_disabled()] == ["past@example.ru"]
        found = await users.find("admin@example.ru")
        assert found is not None
        assert found.shown == admin.shown
    finally:
        users.close()
        await database.close()


async def test_the_table_may_stand_in_a_schema(postgres):
    url = await postgres.new_database()
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE SCHEMA auth")
    await connection.close()
    database = Database(url, users_history("auth.people"), migrate=True)
    await database.open()
    users = SqlUsers(database, "auth.people", VirtualClock(NOON))
    token, _ = await users.create("a@example.ru", "p", days=1, privileged=False)
    user = await users.by_token(token)
    assert user is not None
    assert user.email == "a@example.ru"
    users.close()
    await database.close()


async def test_the_journals_tables_are_made_when_that_is_asked_for(postgres):
    url = await postgres.new_database()
    with pytest.raises(SesError, match="RUN_MIGRATIONS=1"):
        await Database(url, JOURNAL, migrate=False).open()
    first = Database(url, JOURNAL, migrate=True)
    await first.open()
    await first.close()
    again = Database(url, JOURNAL, migrate=False)
    await again.open()
    await again.close()


async def test_a_server_that_dies_and_comes_back_costs_no_entry(tmp_path):
    server = Server("fsync=off")
    try:
        server.start()
        database = Database(await server.new_database(), JOURNAL, migrate=True)
        counted = Counted()
        ran_with = Settings(started_at=NOON, version="1", settings="{}")
        journal = SqlJournal(
            database, Spool(tmp_path, 1 << 20), SystemClock(), ran_with, counted, retention=None
        )
        await journal.start()
        journal.write(entry(0))
        await until(lambda: counted.outcomes.get("stored") == 1)
        server.stop(signal.SIGQUIT)
        journal.write(entry(1))
        await until(lambda: counted.outcomes.get("spooled") == 1)
        server.start()
        await until(lambda: counted.outcomes.get("stored") == 2)
        journal.write(entry(2))
        await until(lambda: counted.outcomes.get("stored") == 3)
        rows = await entries(database, Wanted())
        assert [row["request"] for row in rows] == [f"a NUL \ufffd and {number}" for number in range(3)]
        assert {row["config_id"] for row in rows} == {1}
        await journal.stop()
    finally:
        server.remove()


async def test_users_of_a_server_that_is_down_are_not_known(postgres):
    database = Database("postgresql://ses@127.0.0.1:1/nothing", users_history("users"), migrate=True)
    with pytest.raises(LedgerDown):
        await database.open()


async def until(true):
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.02)
