"""Alembic carries tables forward in both kinds of database, in a process of its own, all or nothing."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing

import asyncpg
import pytest

from ses.clock import SystemClock, VirtualClock
from ses.migrations.child import UpgradeFailed, upgrade_in_child
from ses.migrations.history import History
from ses.storage.contract import StoreRefused
from ses.storage.history import PIPELINE
from ses.storage.postgres.store import PostgresStore

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = {before}

def upgrade():
    {work}
"""
WORK = (
    'op.create_table("things", sa.Column("name", sa.Text, primary_key=True))',
    'op.add_column("things", sa.Column("size", sa.Integer, nullable=False, server_default="7"))',
    'op.execute("INSERT INTO things VALUES (NULL, 1, 2, 3)")',
)


@pytest.fixture
def history(tmp_path):
    """The first revisions, as many as asked for."""

    def made(count):
        folder = tmp_path / "100% revisions"
        folder.mkdir(exist_ok=True)
        for number in range(1, count + 1):
            before = repr(f"{number - 1:04}") if number > 1 else None
            text = REVISION.format(number=f"{number:04}", before=before, work=WORK[number - 1])
            (folder / f"{number:04}_step.py").write_text(text)
        return History("things", folder, "things_version", f"{count:04}")

    return made


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request, tmp_path):
    """Its address, and how to ask it for one row."""
    if request.param == "sqlite":
        path = tmp_path / "some.db"

        async def ask_file(sql):
            with closing(sqlite3.connect(path)) as connection, connection:
                return connection.execute(sql).fetchone()

        return f"sqlite:///{path}", ask_file
    url = await request.getfixturevalue("postgres").new_database()

    async def ask_server(sql):
        connection = await asyncpg.connect(url)
        try:
            row = await connection.fetchrow(sql)
            return tuple(row) if row is not None else None
        finally:
            await connection.close()

    return url, ask_server


async def test_tables_are_made_and_carried_forward_with_what_is_in_them(database, history):
    url, ask = database
    await upgrade_in_child(url, history(1))
    await ask("INSERT INTO things VALUES ('old')")
    await upgrade_in_child(url, history(2))
    assert await ask("SELECT name, size FROM things") == ("old", 7)
    assert await ask("SELECT version_num FROM things_version") == ("0002",)
    await upgrade_in_child(url, history(2))  # nothing to do


async def test_a_step_that_fails_takes_all_steps_with_it(database, history):
    url, ask = database
    await upgrade_in_child(url, history(1))
    await ask("INSERT INTO things VALUES ('old')")
    with pytest.raises(UpgradeFailed, match="the things tables could not be upgraded and are as they were"):
        await upgrade_in_child(url, history(3))
    assert await ask("SELECT * FROM things") == ("old",)
    assert await ask("SELECT version_num FROM things_version") == ("0001",)


async def test_an_upgrade_waits_for_no_daemon_to_have_the_database(postgres, tmp_path):
    url = await postgres.new_database()
    await PostgresStore(url, SystemClock(), in_flight=tmp_path / "mark").upgrade()
    store = PostgresStore(url, SystemClock(), in_flight=tmp_path / "mark")
    assert await store.open(), "an upgrade leaves no trace of an owner"
    impatient = VirtualClock(0, autojump=True)
    with pytest.raises(StoreRefused, match="in use by another daemon"):
        await PostgresStore(url, impatient, in_flight=tmp_path / "mark").upgrade()
    await store.close()


async def test_a_dump_of_a_database_in_use_is_a_backup(postgres, tmp_path):
    from doubles.rows import begun

    url, copy = await postgres.new_database(), await postgres.new_database()
    store = PostgresStore(url, SystemClock(), in_flight=tmp_path / "mark")
    await store.open()
    await begun(store, body=b"hello")
    dump = ["pg_dump", "--format=custom", f"--file={tmp_path / 'ses.dump'}", url]
    await asyncio.to_thread(subprocess.run, dump, check=True)
    await store.close()
    restore = ["pg_restore", "--no-owner", f"--dbname={copy}", str(tmp_path / "ses.dump")]
    await asyncio.to_thread(subprocess.run, restore, check=True)
    restored = PostgresStore(copy, SystemClock(), in_flight=tmp_path / "mark")
    await restored.open()
    assert [one.body for one in await restored.pending(0, 10)] == [b"hello"]
    assert (await begun(restored, session="s2"))[0] == 2, "numbers go on"
    await restored.close()


async def test_ses_db_tells_and_makes_a_database_on_a_server(postgres, tmp_path):
    url = (await postgres.new_database()).replace(
        "127.0.0.1", ""
    ) + f"?host={postgres.folder}&port={postgres.port}"
    url = url.replace(f":{postgres.port}/", "/")
    (tmp_path / "config.json").write_text(f'{{"storage": {{"url": "{url}"}}, "scenarios": "."}}')
    (tmp_path / "config.json").chmod(0o600)

    def called(*words):
        command = [sys.executable, "-m", "ses", "db", *words, "--config", str(tmp_path / "config.json")]
        return subprocess.run(command, capture_output=True, text=True)

    status = await asyncio.to_thread(called, "status")
    assert (status.returncode, "not made yet" in status.stdout) == (0, True), status
    upgrade = await asyncio.to_thread(called, "upgrade")
    assert (upgrade.returncode, f"revision {PIPELINE.head}, up to date" in upgrade.stdout) == (0, True), (
        upgrade
    )


BEFORE_PEOPLE = """
DROP INDEX sessions_user; ALTER TABLE sessions DROP COLUMN "user"; DROP INDEX user_values_phone;
DROP TABLE identities; DROP TABLE calls; DROP TABLE links; UPDATE pipeline_version SET version_num = '0001';
INSERT INTO sessions (connector, session, robot, created, touched, expires) VALUES
    ('telegram.shop', '7', 'pizzeria', 1, 1, 9e9), ('telegram.shop', '-100:8', 'pizzeria', 1, 1, 9e9),
    ('vk.shop', '5', 'pizzeria', 1, 1, 9e9), ('web.site', 's1', 'pizzeria', 1, 1, 9e9);
"""
"""What a database of today is made into, to be one of the first revision with conversations in it."""


async def test_a_server_of_the_release_before_learns_who_is_behind_its_conversations(postgres, tmp_path):
    url = await postgres.new_database()
    store = PostgresStore(url, SystemClock(), in_flight=tmp_path / "mark")
    await store.open()
    await store.close()
    connection = await asyncpg.connect(url)
    await connection.execute(BEFORE_PEOPLE)
    with pytest.raises(StoreRefused):
        await PostgresStore(url, SystemClock(), in_flight=tmp_path / "mark").open()
    store = PostgresStore(url, SystemClock(), in_flight=tmp_path / "mark", upgrade=True)
    await store.open()
    rows = await connection.fetch('SELECT connector, "user" FROM sessions ORDER BY id')
    assert [tuple(row) for row in rows] == [
        ("telegram.shop", "telegram:7"), ("telegram.shop", "telegram:8"), ("vk.shop", "vk:5"), ("web.site", ""),
    ]  # fmt: skip
    (found,) = await store.conversations_of("pizzeria", "vk:5")
    assert found.session == "5"
    indexes = {row[0] for row in await connection.fetch("SELECT indexname FROM pg_indexes")}
    assert {"sessions_user", "user_values_phone", "identities_person", "links_session"} <= indexes
    await store.close()
    await connection.close()
