"""The store on a PostgreSQL server, put together from its parts."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from pathlib import Path

import asyncpg

from ses.migrations.child import UpgradeFailed, upgrade_in_child
from ses.migrations.history import of_older_release
from ses.storage.base import StoreBase
from ses.storage.contract import StoreRefused, StoreUnavailable
from ses.storage.history import PIPELINE
from ses.storage.in_flight_marker import Mark
from ses.storage.postgres import commands, external, people, queries
from ses.storage.postgres.connection import Link, refusal
from ses.storage.postgres.readers import PoolSize, Readers, answered
from ses.storage.postgres.schema import prepare
from ses.storage.postgres.writer import Work, Writer

_STARTING = 60
"""Seconds that a server may say it is starting up."""


class PostgresStore(StoreBase[Work, Readers]):
    """Implements `ses.storage.contract.Store` over one database.

    `mark` is a file on this machine that tells after a sudden death what was being computed. `upgrade`: bring the tables of an
    older release to this one's when opened; else such a database is refused.
    """

    def __init__(self, url: str, *, mark: Path, pool: PoolSize | None = None, upgrade: bool = False) -> None:
        super().__init__(commands, people, external)
        self._url = url
        self._mark_file = mark
        self._pool = pool or PoolSize()
        self._upgrade = upgrade
        self._link = Link(url, uuid.uuid4().hex)

    # --- life ------------------------------------------------------------------------------------------------

    async def open(self) -> bool:
        try:
            db = await self._connect()
            await self._prepare(db)
            self._mark_file.parent.mkdir(parents=True, exist_ok=True)
            self._mark = Mark(self._mark_file)
            async with db.transaction():
                clean = await commands.begin_service(db, self._link.owner, self._mark.found)
            self._readers = await Readers.open(self._url, self._pool)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            self._let_go()
            raise refusal(self._link.place, error) from error
        except BaseException:
            self._let_go()
            raise
        self._writer = Writer(self._link)
        self._writer.start()
        return clean

    async def upgrade(self) -> None:
        """Make the tables, or bring them to this program's revision, and leave. Raises `StoreRefused`."""
        self._upgrade = True
        try:
            await self._prepare(await self._connect())
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise refusal(self._link.place, error) from error
        finally:
            await self._link.close()

    async def _connect(self) -> asyncpg.Connection:
        """A server that has just been started says that it is starting up: it is waited for."""
        for _ in range(_STARTING * 4):
            with suppress(asyncpg.CannotConnectNowError):
                return await self._link.connect()
            await asyncio.sleep(0.25)
        raise StoreRefused(
            f"{self._link.place} cannot be opened: the server has been starting up for a minute"
        )

    async def _prepare(self, db: asyncpg.Connection) -> None:
        older = await prepare(db, self._link.place)
        if older is None:
            return
        if not self._upgrade:
            raise StoreRefused(of_older_release(self._link.place, PIPELINE, older))
        try:
            await upgrade_in_child(self._url, PIPELINE)
        except UpgradeFailed as error:
            raise StoreRefused(f"{self._link.place}: {error}") from error

    def _let_go(self) -> None:
        if self._mark is not None:
            self._mark.close()
            self._mark = None
        self._link.drop()

    async def close(self) -> None:
        if self._writer is None or self._readers is None or self._mark is None:
            return
        with suppress(
            StoreUnavailable
        ):  # then the next start takes this stop for an unclean one, which is safe
            await self._writer.run(commands.end_service, None)
        await self._writer.stop()
        await self._readers.close()
        await self._link.close()
        self._mark.close()
        self._writer = self._readers = self._mark = None

    # --- reading ---------------------------------------------------------------------------------------------

    session = answered(queries.session_in)
    find_session = answered(queries.find_session)
    sent = answered(queries.sent)
    turns = answered(queries.turns)
    answer = answered(queries.answer)
    log = answered(queries.log)
    expired = answered(queries.expired)
    pending = answered(queries.pending)
    undelivered = answered(queries.undelivered)
    fact = answered(queries.fact)
    user_values = answered(people.user_values)
    names = answered(people.names)
    conversations_of = answered(people.conversations_of)
    people_of_phone = answered(people.people_of_phone)
    call = answered(external.call)
    link = answered(external.link)
    version = answered(queries.version)
