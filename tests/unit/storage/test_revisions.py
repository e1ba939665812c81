"""Databases of older programs become those of this one, with what is in them."""

import sqlite3
from contextlib import closing
from functools import partial

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from ses.migrations.upgrading import connected, revision, upgrade
from ses.storage import tables
from ses.storage.contract import StoreRefused
from ses.storage.history import PIPELINE
from ses.storage.sqlite.store import SqliteStore

FIRST = """
PRAGMA application_id = 0x53455331;
PRAGMA user_version = 1;
CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, connector TEXT NOT NULL, session TEXT NOT NULL, robot TEXT NOT NULL,
    turn INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL DEFAULT 0, private INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL, touched REAL NOT NULL, expires REAL NOT NULL,
    pinned TEXT NOT NULL DEFAULT '', key_hash BLOB, state BLOB, UNIQUE (session, connector)
);
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY, session INTEGER NOT NULL, external_id TEXT NOT NULL, at REAL NOT NULL, turn INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL, UNIQUE (session, external_id)
);
CREATE INDEX inbox_pending ON inbox (session) WHERE turn IS NULL;
CREATE INDEX inbox_at ON inbox (at);
CREATE TABLE outbox (
    session INTEGER NOT NULL, seq INTEGER NOT NULL, turn INTEGER NOT NULL, at REAL NOT NULL, state INTEGER NOT NULL,
    body BLOB NOT NULL, masked BLOB, PRIMARY KEY (session, seq)
) WITHOUT ROWID;
CREATE INDEX outbox_pending ON outbox (session, seq) WHERE state = 0;
CREATE INDEX outbox_at ON outbox (at);
CREATE TABLE traces (
    session INTEGER NOT NULL, turn INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (session, turn)
) WITHOUT ROWID;
CREATE TABLE user_values (
    robot TEXT NOT NULL, user TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (robot, user, name)
) WITHOUT ROWID;
CREATE TABLE versions (
    robot TEXT NOT NULL, version TEXT NOT NULL, at REAL NOT NULL, archive BLOB NOT NULL, PRIMARY KEY (robot, version)
);
INSERT INTO sessions (connector, session, robot, created, touched, expires) VALUES ('web.site', 's1', 'pizzeria', 1, 1, 9e9);
INSERT INTO inbox (session, external_id, at, body) VALUES (1, 'm1', 1, 'hello');
"""
"""As the first program of all made it, with a message that waits."""


@pytest.fixture
def old_file(tmp_path):
    path = tmp_path / "ses.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(FIRST)
    return path


def shape(path):
    """Columns and indexes of each table, whatever their order."""
    with closing(sqlite3.connect(path)) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {name: {row[1] for row in database.execute(f"PRAGMA table_info({name})")} for name in names}
        indexes = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    return columns, {name for name in indexes if not name.startswith("sqlite_autoindex")}


async def test_a_file_of_the_first_program_is_upgraded_at_the_start_with_what_waits_in_it(old_file, tmp_path):
    store = SqliteStore(old_file)
    await store.open()
    assert [(str(one.body), one.suspicion) for one in await store.pending(0, 10)] == [("hello", 0)]
    await store.close()
    fresh = SqliteStore(tmp_path / "fresh.db")
    await fresh.open()
    await fresh.close()
    assert shape(old_file) == shape(fresh.path)


async def test_an_upgrade_that_fails_leaves_the_file_as_it_was_and_says_why(old_file):
    with closing(sqlite3.connect(old_file)) as database:
        database.execute("DROP TABLE inbox")
        before = list(database.iterdump())
    store = SqliteStore(old_file)
    with pytest.raises(StoreRefused, match="could not be upgraded and are as they were: .*inbox"):
        await store.open()
    with closing(sqlite3.connect(old_file)) as database:
        assert list(database.iterdump()) == before
        assert database.execute("PRAGMA user_version").fetchone() == (1,)


def test_the_head_that_programs_compare_with_is_the_newest_revision():
    scripts = ScriptDirectory(str(PIPELINE.folder), version_locations=[str(PIPELINE.folder)])
    assert scripts.get_heads() == [PIPELINE.head]


@pytest.mark.parametrize("name", tables.DIALECTS)
def test_the_sql_of_new_databases_is_up_to_date(name):
    written = (PIPELINE.folder.parent / name / "tables.sql").read_text()
    assert written == tables.as_sql(tables.DIALECTS[name]), "run `python -m ses.storage.tables`"


def test_an_upgraded_file_has_the_tables_of_the_program(old_file):
    url = f"sqlite:///{old_file}"
    connected(url, partial(upgrade, history=PIPELINE))

    def compare(connection: sqlalchemy.Connection):
        assert revision(connection, PIPELINE) == PIPELINE.head
        context = MigrationContext.configure(
            connection, opts={"compare_type": False}
        )  # SQLite takes any value in any column
        return compare_metadata(context, tables.metadata)

    assert connected(url, compare) == []
