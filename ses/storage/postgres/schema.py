"""Whether a database's tables are ours, and of which revision; the tables of a new one."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from ses.migrations.history import of_newer_release
from ses.storage.contract import StoreRefused
from ses.storage.history import PIPELINE


async def prepare(db: asyncpg.Connection, database: str) -> str | None:
    """Create the tables in a database without them. In another one check that they are ours: then the result is their
    revision if they must be upgraded first. Raises `StoreRefused`."""
    if await db.fetchval("SELECT to_regclass($1)", PIPELINE.version_table) is None:
        await _create(db, database)
        return None
    revision = str(await db.fetchval(f"SELECT version_num FROM {PIPELINE.version_table}") or "")  # noqa: S608 - our own name
    if revision > PIPELINE.head:
        raise StoreRefused(of_newer_release(database, PIPELINE, revision))
    return revision if revision < PIPELINE.head else None


async def _create(db: asyncpg.Connection, database: str) -> None:
    tables = (Path(__file__).parent / "tables.sql").read_text()
    try:
        async with db.transaction():
            await db.execute(tables)
            await db.execute(f"INSERT INTO {PIPELINE.version_table} VALUES ($1)", PIPELINE.head)  # noqa: S608 - our own name
    except asyncpg.DuplicateTableError as error:
        raise StoreRefused(
            f"{database} has tables of another program ({error}); give `storage.url` a database of its own"
        ) from error
    except (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidSchemaNameError) as error:
        raise StoreRefused(
            f"{database}: no tables can be made ({error}); make the user of `storage.url` the owner of the database"
        ) from error
