"""The embedded store, put together from its parts."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from ses.migrations.child import UpgradeFailed, upgrade_in_child
from ses.storage.base import StoreBase
from ses.storage.contract import StoreRefused
from ses.storage.history import PIPELINE
from ses.storage.in_flight_marker import InFlightMarker
from ses.storage.sqlite import commands, external, people, queries
from ses.storage.sqlite.lock import OwnerLock
from ses.storage.sqlite.readers import Readers, answered
from ses.storage.sqlite.schema import prepare
from ses.storage.sqlite.writer import LONGEST_LOG, PROBE, Work, Writer

_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -16384",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 33554432",
    "PRAGMA temp_store = MEMORY",
)


class SqliteStore(StoreBase[Work, Readers]):
    """Implements `ses.storage.contract.Store` over one file."""

    def __init__(self, path: Path, *, probe: float = PROBE, longest_log: int = LONGEST_LOG) -> None:
        """`probe`, `longest_log`: as the writer has them."""
        super().__init__(commands, people, external)
        self.path = path
        self._probe = probe
        self._longest_log = longest_log
        self._lock = OwnerLock(path)
        self._connection: sqlite3.Connection | None = None

    # --- life ------------------------------------------------------------------------------------------------

    async def open(self) -> bool:
        loop = asyncio.get_running_loop()
        connection = await self._open_tables()
        try:
            in_flight = InFlightMarker(self.path.with_name(self.path.name + ".mark"))
        except OSError as error:
            self._let_go(connection)
            raise self._refusal(error) from error
        self._connection, self._in_flight = connection, in_flight
        self._writer = Writer(
            connection,
            self.path.with_name(self.path.name + "-wal"),
            loop,
            probe=self._probe,
            longest_log=self._longest_log,
        )
        self._readers = Readers(self.path)
        self._writer.start()
        return bool(await self._writer.run(commands.begin_service, in_flight.found))

    async def upgrade(self) -> None:
        """Make the tables, or bring them to this program's revision, and leave. Raises `StoreRefused`."""
        self._let_go(await self._open_tables())

    async def _open_tables(self) -> sqlite3.Connection:
        connection, older = await asyncio.get_running_loop().run_in_executor(None, self._open_file)
        if older is not None:
            # The file is nobody else's and the change is one transaction, so nobody need be asked.
            try:
                await upgrade_in_child(f"sqlite:///{self.path.absolute()}", PIPELINE)
            except UpgradeFailed as error:
                self._let_go(connection)
                raise StoreRefused(f"{self.path}: {error}") from error
        return connection

    def _open_file(self) -> tuple[sqlite3.Connection, str | None]:
        """With the revision that the tables have to be upgraded from, if they have."""
        connection = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, timeout=2.0
            )
            self.path.chmod(0o600)
            for setting in _SETTINGS:
                connection.execute(setting)
            older = prepare(connection, str(self.path))
        except (OSError, sqlite3.Error) as error:
            self._let_go(connection)
            raise self._refusal(error) from error
        except StoreRefused:
            self._let_go(connection)
            raise
        return connection, older

    def _refusal(self, error: Exception) -> StoreRefused:
        return StoreRefused(f"{self.path} cannot be opened: {error}; check `storage.url` and its rights")

    def _let_go(self, connection: sqlite3.Connection | None) -> None:
        if connection is not None:
            connection.close()
        self._lock.release()

    async def close(self) -> None:
        if (
            self._writer is None
            or self._readers is None
            or self._connection is None
            or self._in_flight is None
        ):
            return
        writer, connection, in_flight = self._writer, self._connection, self._in_flight
        try:
            await writer.run(commands.end_service, None)
        finally:
            # Where a clean stop cannot be noted the next start takes this stop for an unclean one, which is safe.
            await writer.stop()
            await self._readers.close()
            await asyncio.get_running_loop().run_in_executor(None, connection.close)
            in_flight.close()
            self._lock.release()
            self._writer = self._readers = self._connection = self._in_flight = None

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
