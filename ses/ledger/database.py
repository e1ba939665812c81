"""One database of the ledger: found or made, brought up to date, and asked with its failures told apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ses.errors import SesError
from ses.ledger.contract import LedgerDown
from ses.migrations.child import upgrade_in_child
from ses.migrations.history import History, of_newer_release, of_older_release

ANSWER_WAIT = 10.0
"""Seconds a database has to connect, or to answer."""


class Database:
    """`sqlite:///FILE` or `postgresql://…`. Each method of work raises `LedgerDown` when it does not answer."""

    def __init__(self, url: str, history: History, *, migrate: bool) -> None:
        """`migrate`: bring the tables of a PostgreSQL up to date; those of SQLite always are."""
        self._url = url.replace("postgres://", "postgresql://", 1)
        self._history = history
        self._sqlite = url.startswith("sqlite:")
        self._migrate = migrate or self._sqlite
        self._engine: AsyncEngine | None = None

    @property
    def address(self) -> str:
        """For people, without a password."""
        parts = urlsplit(self._url)
        return self._url if self._sqlite else f"{parts.hostname}:{parts.port or 5432}{parts.path}"

    @property
    def opened(self) -> bool:
        return self._engine is not None

    async def open(self) -> None:
        """Raises `LedgerDown`, and `SesError` for tables that are not this program's."""
        if self._sqlite:
            with _down(self.address):
                Path(self._url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        else:
            await self._ensure_database()
        engine = self._connected()
        try:
            stored = await self._stored(engine)
            if stored != self._history.head:
                await self._bring_up_to_date(stored)
        except BaseException:
            await engine.dispose()
            raise
        self._engine = engine

    async def close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        if self._engine is None:
            raise LedgerDown(f"{self.address} has not answered yet")
        with _down(self.address):
            async with asyncio.timeout(ANSWER_WAIT), self._engine.begin() as connection:
                yield connection

    async def _bring_up_to_date(self, stored: str) -> None:
        if stored > self._history.head:
            raise SesError(of_newer_release(self.address, self._history, stored))
        if not self._migrate:
            raise SesError(of_older_release(self.address, self._history, stored))
        await upgrade_in_child(self._url, self._history)

    async def _stored(self, engine: AsyncEngine) -> str:
        """The revision of its tables; empty where there are none."""
        table = self._history.version_table
        if self._sqlite:
            there = text("SELECT 1 FROM sqlite_master WHERE name = :table")
        else:
            there = text("SELECT 1 WHERE to_regclass(quote_ident(:table)) IS NOT NULL")
        with _down(self.address):
            async with asyncio.timeout(ANSWER_WAIT), engine.connect() as connection:
                if (await connection.execute(there, {"table": table})).first() is None:
                    return ""
                found = await connection.execute(text(f'SELECT version_num FROM "{table}"'))  # noqa: S608
                return str(found.scalar() or "")

    def _connected(self) -> AsyncEngine:
        if not self._sqlite:
            return create_async_engine(
                self._url.replace("postgresql://", "postgresql+asyncpg://", 1),
                pool_size=2,
                max_overflow=3,
                pool_timeout=ANSWER_WAIT,
                pool_pre_ping=True,
                connect_args={"timeout": ANSWER_WAIT, "command_timeout": ANSWER_WAIT},
            )
        engine = create_async_engine(self._url.replace("sqlite://", "sqlite+aiosqlite://", 1))

        @event.listens_for(engine.sync_engine, "connect")
        def _prepared(connection: Any, record: Any) -> None:
            del record
            cursor = connection.cursor()
            for pragma in ("journal_mode = WAL", "busy_timeout = 5000", "foreign_keys = ON"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        return engine

    async def _ensure_database(self) -> None:
        """A PostgreSQL without the database gets it, where the account may."""
        import asyncpg

        try:
            with _down(self.address):
                connection = await asyncpg.connect(self._url, timeout=ANSWER_WAIT)
        except asyncpg.InvalidCatalogNameError:
            parts = urlsplit(self._url)
            name = parts.path.lstrip("/")
            with _down(self.address):
                connection = await asyncpg.connect(
                    urlunsplit(parts._replace(path="/postgres")), timeout=ANSWER_WAIT
                )
                try:
                    quoted = name.replace('"', '""')
                    await connection.execute(f'CREATE DATABASE "{quoted}"')
                except asyncpg.DuplicateDatabaseError:
                    pass  # another daemon was faster
                except asyncpg.InsufficientPrivilegeError:
                    raise SesError(
                        f"{self.address}: there is no such database, and this account may not make it"
                    ) from None
                finally:
                    await connection.close()
        else:
            await connection.close()


class _down:  # noqa: N801  reads as the statement it is
    """Turns the drivers' ways of not answering into `LedgerDown`."""

    def __init__(self, address: str) -> None:
        self._address = address

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if (
            isinstance(error, (OSError, TimeoutError, PoolTimeout, OperationalError, InterfaceError))
            or (isinstance(error, DBAPIError) and error.connection_invalidated)
            or (type(error).__module__.startswith("asyncpg.") and type(error).__name__ in _GOING)
        ):
            raise LedgerDown(f"{self._address} does not answer: {type(error).__name__}") from error


_GOING = frozenset(
    {
        "AdminShutdownError",
        "CannotConnectNowError",
        "ConnectionDoesNotExistError",
        "CrashShutdownError",
        "InterfaceError",
        "PostgresConnectionError",
        "TooManyConnectionsError",
    }
)
"""How asyncpg says that a server goes, comes or is full."""
