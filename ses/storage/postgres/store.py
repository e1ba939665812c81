"""The store on a PostgreSQL server, put together from its parts."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg

from ses.errors import SesError
from ses.migrations.child import UpgradeFailed, upgrade_in_child
from ses.migrations.history import of_older_release
from ses.storage.contract import StoreRefused, StoreUnavailable
from ses.storage.history import PIPELINE
from ses.storage.mark import Mark
from ses.storage.postgres import commands, outside, people, queries
from ses.storage.postgres.link import Link, refusal
from ses.storage.postgres.readers import PoolSize, Readers
from ses.storage.postgres.schema import prepare
from ses.storage.postgres.writer import Writer
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

_STARTING = 60
"""Seconds that a server may say it is starting up."""


class PostgresStore:
    """Implements `ses.storage.contract.Store` over one database.

    `mark` is a file on this machine that tells after a sudden death what was being computed. `upgrade`: bring the tables of an
    older release to this one's when opened; else such a database is refused.
    """

    def __init__(self, url: str, *, mark: Path, pool: PoolSize | None = None, upgrade: bool = False) -> None:
        self._url = url
        self._mark_file = mark
        self._pool = pool or PoolSize()
        self._upgrade = upgrade
        self._link = Link(url, uuid.uuid4().hex)
        self._mark: Mark | None = None
        self._writer: Writer | None = None
        self._readers: Readers | None = None

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
