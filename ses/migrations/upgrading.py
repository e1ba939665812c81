"""Alembic at work. Costs some 30 MiB: a daemon asks `ses.migrations.child` instead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.pool import NullPool

from ses.migrations.history import History

T = TypeVar("T")


def upgrade(connection: Connection, history: History) -> None:
    """Bring the tables to the newest revision, in one transaction: they are all as before, or all as now."""
    command.upgrade(_config(connection, history), history.head)


def revision(connection: Connection, history: History) -> str | None:
    """The stored revision; none when there is no version table or nothing in it."""
    if not inspect(connection).has_table(history.version_table):
        return None
    found: str | None = connection.execute(
        text(f'SELECT version_num FROM "{history.version_table}"')  # noqa: S608 - our own name
    ).scalar()
    return found


def connected(url: str, work: Callable[[Connection], T]) -> T:
    """Run `work` on a connection to `sqlite:///FILE` or `postgresql://…`; not for use inside a running loop."""
    if url.startswith("sqlite:"):
        return _on_sqlite(url, work)
    return asyncio.run(_on_postgres(url, work))


def _on_sqlite(url: str, work: Callable[[Connection], T]) -> T:
    engine = create_engine(url, poolclass=NullPool)

    # Left to itself the driver ends the transaction before it changes a table; SQLite needs no such thing.
    @event.listens_for(engine, "connect")
    def _no_implicit_transactions(raw: Any, _record: Any) -> None:
        raw.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.connect() as connection:
        return work(connection)


async def _on_postgres(url: str, work: Callable[[Connection], T]) -> T:
    from sqlalchemy.ext.asyncio import create_async_engine

    async def connect() -> Any:
        import asyncpg

        return await asyncpg.connect(url)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _config(connection: Connection, history: History) -> Config:
    config = Config()
    config.set_main_option("script_location", _literal(Path(__file__).parent))
    config.set_main_option("version_locations", _literal(history.folder))
    config.set_main_option("path_separator", "newline")
    config.attributes.update(connection=connection, history=history)
    return config


def _literal(path: Path) -> str:
    return str(path).replace("%", "%%")
