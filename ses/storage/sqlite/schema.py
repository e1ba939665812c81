"""Whether a database file is ours, and of which revision; the tables of a new one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ses.migrations.history import of_newer_release
from ses.storage.contract import StoreRefused
from ses.storage.history import PIPELINE

APPLICATION = 0x53455331
"""`SES1`: marks the file as ours (`PRAGMA application_id`)."""
REVISIONS_IN_A_TABLE = 2
"""`PRAGMA user_version` since the revision is kept in a table; it was 1 before."""


def prepare(connection: sqlite3.Connection, path: str) -> str | None:
    """Create the tables in an empty file. In another one check that they are ours: then the result is their revision if
    they must be upgraded first (empty: from before there were revisions). Raises `StoreRefused`."""
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        tables = (Path(__file__).parent / "tables.sql").read_text()
        connection.executescript(
            f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {REVISIONS_IN_A_TABLE}; {tables}"
        )
        connection.execute(f"INSERT INTO {PIPELINE.version_table} VALUES (?)", (PIPELINE.head,))  # noqa: S608 - our own name
        connection.execute("COMMIT")
        return None
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise StoreRefused(f"{path} is a database of another program; give `storage.url` a file of its own")
    revision = _revision(connection)
    if revision > PIPELINE.head:
        raise StoreRefused(of_newer_release(path, PIPELINE, revision))
    return revision if revision < PIPELINE.head else None


def _revision(connection: sqlite3.Connection) -> str:
    if connection.execute("PRAGMA user_version").fetchone()[0] < REVISIONS_IN_A_TABLE:
        return ""
    found = connection.execute(f"SELECT version_num FROM {PIPELINE.version_table}").fetchone()  # noqa: S608 - our own name
    return str(found[0]) if found else ""
