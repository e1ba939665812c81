"""The store on a PostgreSQL server, put together from its parts."""

from __future__ import annotations

import uuid
from contextlib import suppress
from pathlib import Path

import asyncpg

from ses.clock import Clock
from ses.migrations.child import UpgradeFailed, upgrade_in_child
from ses.migrations.history import of_older_release
from ses.storage.base import StoreBase
from ses.storage.contract import StoreRefused, StoreUnavailable
from ses.storage.history import PIPELINE
from ses.storage.in_flight_marker import InFlightMarker
from ses.storage.postgres import commands, external, people, queries
from ses.storage.postgres.connection import STATEMENT_TIMEOUT, WriterConnection, refusal
from ses.storage.postgres.readers import PoolSize, Readers, answered
from ses.storage.postgres.schema import prepare
from ses.storage.postgres.writer import Work, Writer

_STARTING = 60
"""Seconds that a server may say it is starting up."""
_STARTING_POLL = 0.25
"""Seconds between the attempts to connect meanwhile."""


class PostgresStore(StoreBase[Work, Readers]):
    """Implements `ses.storage.contract.Store` over one database.

    `in_flight` is a file on this machine that tells after a sudden death what was being computed. `upgrade`: bring the tables of an
    older release to this one's when opened; else such a database is refused. `statement_timeout`: seconds for one statement.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        in_flight: Path,
        pool: PoolSize | None = None,
        upgrade: bool = False,
        statement_timeout: float = STATEMENT_TIMEOUT,
    ) -> None:
        super().__init__(commands, people, external)
        self._url = url
        self._clock = clock
        self._in_flight_file = in_flight
        self._pool = pool or PoolSize()
        self._upgrade = upgrade
        self._statement_timeout = statement_timeout
        self._connection = WriterConnection(url, uuid.uuid4().hex, clock, statement_timeout)

    # --- life ------------------------------------------------------------------------------------------------

    async def open(self) -> bool:
        try:
            db = await self._connect()
            await self._prepare(db)
            self._in_flight_file.parent.mkdir(parents=True, exist_ok=True)
            self._in_flight = InFlightMarker(self._in_flight_file)
            async with db.transaction():
                clean = await commands.begin_service(db, self._connection.owner, self._in_flight.found)
            self._readers = await Readers.open(self._url, self._pool, self._statement_timeout)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            self._let_go()
            raise refusal(self._connection.database, error) from error
        except BaseException:
            self._let_go()
            raise
        self._writer = Writer(self._connection, self._clock)
        self._writer.start()
        return clean

    async def upgrade(self) -> None:
        """Make the tables, or bring them to this program's revision, and leave. Raises `StoreRefused`."""
        self._upgrade = True
        try:
            await self._prepare(await self._connect())
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise refusal(self._connection.database, error) from error
        finally:
            await self._connection.close()

    async def _connect(self) -> asyncpg.Connection:
        """A server that has just been started says that it is starting up: it is waited for."""
        for _ in range(round(_STARTING / _STARTING_POLL)):
            with suppress(asyncpg.CannotConnectNowError):
                return await self._connection.connect()
            await self._clock.sleep(_STARTING_POLL)
        raise StoreRefused(
            f"{self._connection.database} cannot be opened: the server has been starting up for a minute"
        )

    async def _prepare(self, db: asyncpg.Connection) -> None:
        older = await prepare(db, self._connection.database)
        if older is None:
            return
        if not self._upgrade:
            raise StoreRefused(of_older_release(self._connection.database, PIPELINE, older))
        try:
            await upgrade_in_child(self._url, PIPELINE)
        except UpgradeFailed as error:
            raise StoreRefused(f"{self._connection.database}: {error}") from error

    def _let_go(self) -> None:
        if self._in_flight is not None:
            self._in_flight.close()
            self._in_flight = None
        self._connection.terminate()

    async def close(self) -> None:
        if self._writer is None or self._readers is None or self._in_flight is None:
            return
        with suppress(
            StoreUnavailable
        ):  # then the next start takes this stop for an unclean one, which is safe
            await self._writer.run(commands.end_service, None)
        await self._writer.stop()
        await self._readers.close()
        await self._connection.close()
        self._in_flight.close()
        self._writer = self._readers = self._in_flight = None

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
