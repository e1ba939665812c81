"""The tables, and the check that a database file is ours and not newer than this program."""

from __future__ import annotations

import sqlite3

from ses.storage.contract import StoreRefused

VERSION = 1
APPLICATION = 0x53455331
"""`SES1`: marks the file as ours (`PRAGMA application_id`)."""

TABLES = """
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    connector TEXT NOT NULL,
    session TEXT NOT NULL,
    robot TEXT NOT NULL,
    turn INTEGER NOT NULL DEFAULT 0,
    seq INTEGER NOT NULL DEFAULT 0,
    private INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL,
    touched REAL NOT NULL,
    expires REAL NOT NULL,
    pinned TEXT NOT NULL DEFAULT '',
    key_hash BLOB,
    state BLOB,
    UNIQUE (session, connector)
);

-- The queue, the record by which second copies are known, and the visitor's side of the dialogue log.
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    at REAL NOT NULL,
    turn INTEGER,
    suspicion INTEGER NOT NULL DEFAULT 0,
    body BLOB NOT NULL,
    UNIQUE (session, external_id)
);
CREATE INDEX inbox_pending ON inbox (session) WHERE turn IS NULL;
CREATE INDEX inbox_at ON inbox (at);

-- The delivery queue, what a widget replays, and the robot's side of the dialogue log.
CREATE TABLE outbox (
    session INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    at REAL NOT NULL,
    state INTEGER NOT NULL,
    body BLOB NOT NULL,
    masked BLOB,
    PRIMARY KEY (session, seq)
) WITHOUT ROWID;
CREATE INDEX outbox_pending ON outbox (session, seq) WHERE state = 0;
CREATE INDEX outbox_at ON outbox (at);

CREATE TABLE traces (
    session INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (session, turn)
) WITHOUT ROWID;

CREATE TABLE user_values (
    robot TEXT NOT NULL,
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (robot, user, name)
) WITHOUT ROWID;

CREATE TABLE versions (
    robot TEXT NOT NULL,
    version TEXT NOT NULL,
    at REAL NOT NULL,
    archive BLOB NOT NULL,
    PRIMARY KEY (robot, version)
);
"""


def prepare(connection: sqlite3.Connection, path: str) -> None:
    """Create the tables in an empty file, or check that the file's are ours. Raises `StoreRefused`."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if empty:
        connection.executescript(
            f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; {TABLES} COMMIT;"
        )
        return
    if application != APPLICATION:
        raise StoreRefused(f"{path} is a database of another program; give `storage.url` a file of its own")
    if version > VERSION:
        raise StoreRefused(
            f"{path} was made by a newer release (its tables are version {version}, this program knows {VERSION}); "
            "install that release again, or name another file in `storage.url`"
        )
