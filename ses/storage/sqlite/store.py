"""The embedded store, put together from its parts."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ses.errors import SesError
from ses.migrations.child import UpgradeFailed, upgrade_in_child
from ses.storage.contract import StoreRefused
from ses.storage.history import PIPELINE
from ses.storage.mark import Mark
from ses.storage.rows import (
    FAILED,
    SENT,
    Accepted,
    Arrival,
    CallRow,
    ExpiredRow,
    LinkRow,
    LogLine,
    LogPosition,
    LogQuery,
    Pending,
    SentRow,
    SessionRow,
    TurnRecord,
    Undelivered,
    VersionRow,
    fact_key,
)
from ses.storage.sqlite import commands, outside, people, queries
from ses.storage.sqlite.lock import OwnerLock
from ses.storage.sqlite.readers import Readers
from ses.storage.sqlite.schema import prepare
from ses.storage.sqlite.writer import Writer

_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -16384",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 33554432",
    "PRAGMA temp_store = MEMORY",
)


class SqliteStore:
    """Implements `ses.storage.contract.Store` over one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = OwnerLock(path)
        self._connection: sqlite3.Connection | None = None
        self._writer: Writer | None = None
        self._readers: Readers | None = None
        self._mark: Mark | None = None

    # --- life ------------------------------------------------------------------------------------------------

    async def open(self) -> bool:
        loop = asyncio.get_running_loop()
        connection = await self._open_tables()
        try:
            mark = Mark(self.path.with_name(self.path.name + ".mark"))
        except OSError as error:
            self._let_go(connection)
            raise self._refusal(error) from error
        self._connection, self._mark = connection, mark
        self._writer = Writer(connection, self.path.with_name(self.path.name + "-wal"), loop)
        self._readers = Readers(self.path)
        self._writer.start()
        return bool(await self._writer.run(commands.begin_service, mark.found))

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
            self._lock.take()
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
        self._lock.drop()

    async def close(self) -> None:
        if self._writer is None or self._readers is None or self._connection is None or self._mark is None:
            return
        writer, connection, mark = self._writer, self._connection, self._mark
        try:
            await writer.run(commands.end_service, None)
        finally:
            # Where the mark cannot be written the next start takes this stop for an unclean one, which is safe.
            await writer.stop()
            await self._readers.close()
            await asyncio.get_running_loop().run_in_executor(None, connection.close)
            mark.close()
            self._lock.drop()
            self._writer = self._readers = self._connection = self._mark = None

    @property
    def waiting(self) -> int:
        return self._writing.waiting

    @property
    def problem(self) -> str | None:
        return self._writing.problem if self._writer else "the store is closed"

    # --- writing ---------------------------------------------------------------------------------------------

    def accept(self, arrival: Arrival, done: Callable[[Accepted | SesError], None]) -> None:
        self._writing.submit(commands.accept, arrival, done)

    async def commit(self, record: TurnRecord) -> Sequence[Accepted]:
        written: Sequence[Accepted] = await self._writing.run(commands.commit, record)
        return written

    async def delivered(self, session: int, seq: int, *, failed: bool) -> None:
        await self._writing.run(commands.delivered, (session, seq, FAILED if failed else SENT))

    async def suspect(self, row: int, points: int) -> None:
        await self._writing.run(commands.suspect, (row, points))

    def computing(self, row: int) -> None:
        if self._mark is not None:
            self._mark.set(row)

    async def remove(self, sessions: Sequence[int], before: float) -> int:
        return int(await self._writing.run(commands.remove, (sessions, before)))

    async def keep_fact(self, connector: str, name: str, value: str) -> None:
        await self._writing.run(commands.keep_fact, (connector, name, value))

    async def keep_version(self, row: VersionRow) -> None:
        await self._writing.run(commands.keep_version, row)

    async def drop_versions(self, keep: Sequence[tuple[str, str]]) -> int:
        return int(await self._writing.run(commands.drop_versions, keep))

    async def join(self, keep: str, other: str, at: float) -> None:
        await self._writing.run(people.join, (keep, other, at))

    async def identify(self, connector: str, session: str, user: str, at: float) -> bool:
        return bool(await self._writing.run(people.identify, (connector, session, user, at)))

    async def keep_call(self, name: str, call: CallRow, at: float) -> CallRow:
        kept: CallRow = await self._writing.run(outside.keep_call, (name, call, at))
        return kept

    async def answer_call(self, name: str, answer: bytes) -> None:
        await self._writing.run(outside.answer_call, (name, answer))

    async def keep_link(self, hash_: bytes, session: int, to: str, expires: float) -> None:
        await self._writing.run(outside.keep_link, (hash_, session, to, expires))

    async def drop_outside(self, calls: float, links: float) -> None:
        await self._writing.run(outside.drop_outside, (calls, links))

    # --- reading ---------------------------------------------------------------------------------------------

    async def session(self, connector: str, session: str) -> SessionRow | None:
        return await self._reading.read(partial(queries.session_in, connector=connector, session=session))

    async def find_session(self, robot: str, session: str) -> SessionRow | None:
        return await self._reading.read(partial(queries.find_session, robot=robot, session=session))

    async def sent(self, session: int, *, after: int, limit: int) -> Sequence[SentRow]:
        return await self._reading.read(partial(queries.sent, session=session, after=after, limit=limit))

    async def turns(self, session: int, *, last: int) -> Sequence[LogLine]:
        return await self._reading.read(partial(queries.turns, session=session, last=last))

    async def answer(
        self, session: int, external_id: str
    ) -> tuple[int, Sequence[SentRow], bytes | None] | None:
        return await self._reading.read(partial(queries.answer, session=session, external_id=external_id))

    async def log(
        self, query: LogQuery, after: LogPosition | None, limit: int
    ) -> tuple[Sequence[LogLine], LogPosition | None]:
        return await self._reading.read(partial(queries.log, query=query, after=after, limit=limit))

    async def expired(self, before: float, after: int, limit: int) -> Sequence[ExpiredRow]:
        return await self._reading.read(partial(queries.expired, before=before, after=after, limit=limit))

    async def pending(self, after: int, limit: int) -> Sequence[Pending]:
        return await self._reading.read(partial(queries.pending, after=after, limit=limit))

    async def undelivered(self, after: tuple[int, int], limit: int) -> Sequence[Undelivered]:
        return await self._reading.read(partial(queries.undelivered, after=after, limit=limit))

    async def fact(self, connector: str, name: str) -> str | None:
        return await self._reading.read(partial(queries.fact, key=fact_key(connector, name)))

    async def user_values(self, robot: str, user: str) -> Mapping[str, Any]:
        return await self._reading.read(partial(people.user_values, robot=robot, user=user))

    async def names(self, user: str) -> Sequence[str]:
        return await self._reading.read(partial(people.names, user=user))

    async def conversations_of(self, robot: str, user: str) -> Sequence[SessionRow]:
        return await self._reading.read(partial(people.conversations_of, robot=robot, user=user))

    async def people_of_phone(self, robot: str, phone: str) -> Sequence[str]:
        return await self._reading.read(partial(people.people_of_phone, robot=robot, phone=phone))

    async def call(self, name: str) -> CallRow | None:
        return await self._reading.read(partial(outside.call, name=name))

    async def link(self, hash_: bytes) -> LinkRow | None:
        return await self._reading.read(partial(outside.link, hash_=hash_))

    async def version(self, robot: str, version: str) -> bytes | None:
        return await self._reading.read(partial(queries.version, robot=robot, version=version))

    # --- parts that exist while it is open ---------------------------------------------------------------------

    @property
    def _writing(self) -> Writer:
        if self._writer is None:
            raise RuntimeError("the store is not open")
        return self._writer

    @property
    def _reading(self) -> Readers:
        if self._readers is None:
            raise RuntimeError("the store is not open")
        return self._readers
