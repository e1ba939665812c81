"""The journal of requests: written in batches off the requests' path, on disk while the database is down."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from ses.clock import Clock
from ses.errors import SesError
from ses.flow.event_timeout import wait_at_most
from ses.ledger.contract import Entry, LedgerDown
from ses.ledger.database import Database
from ses.ledger.spool import Kept, Line, Settings, Spool, SpoolFull
from ses.ledger.tables import journal, settings

log = structlog.get_logger("ses.ledger.journal")

BATCH = 200
"""Entries of one transaction."""
GATHER = 0.2
"""Seconds in which entries gather."""
MOST_WAITING = 64 << 20
"""Bytes that may wait in memory; more go to disk at once."""
RETRY = 2.0
"""Seconds until a database that is down is tried again."""
SWEEP = 3600.0
"""Seconds between two looks for what is too old."""


class Observer(Protocol):
    def journaled(self, outcome: str, number: int) -> None:
        """`stored`, `spooled` (stored later) or `lost`."""
        ...


class SqlJournal:
    """Implements `ses.ledger.contract.Journal`."""

    def __init__(
        self,
        database: Database,
        spool: Spool,
        clock: Clock,
        ran_with: Settings,
        observer: Observer,
        *,
        retention: int | None,
    ) -> None:
        """`retention` in days, none: for ever."""
        self._database = database
        self._spool = spool
        self._clock = clock
        self._ran_with = ran_with
        self._observer = observer
        self._retention = retention
        self._waiting: list[Entry] = []
        self._bytes = 0
        self._filled = asyncio.Event()
        self._ending = asyncio.Event()
        self._config_id = 0
        self._settings_written = False
        self._down = False
        self._fallen = 0.0
        self._swept = -SWEEP
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises `SesError` for tables that are not this program's; a database that is down is waited for."""
        try:
            await self._database.open()
        except LedgerDown as error:
            self._fell(error)
        self._task = asyncio.get_running_loop().create_task(self._run(), name="journal")

    async def stop(self) -> None:
        """Everything that was written is in the database or on disk when this returns."""
        self._ending.set()
        self._filled.set()
        if self._task is not None:
            await self._task
            self._task = None
        await self._database.close()

    @property
    def problem(self) -> str | None:
        """Why entries do not reach the database, if so."""
        return f"{self._database.address} does not answer; requests are kept on disk" if self._down else None

    def write(self, entry: Entry) -> None:
        size = len(entry.request or "") + len(entry.response or "") + 200
        if self._bytes + size > MOST_WAITING:
            self._put_aside([entry])
            return
        self._waiting.append(entry)
        self._bytes += size
        self._filled.set()

    async def _run(self) -> None:
        while not self._ending.is_set():
            await wait_at_most(self._filled, RETRY if self._down else SWEEP, self._clock)
            await wait_at_most(self._ending, GATHER, self._clock)
            await self._flush()
            await self._sweep()
        await self._flush()

    async def _flush(self) -> None:
        self._filled.clear()
        if not self._down or self._may_try():
            await self._bring_in()
        while self._waiting:
            batch = self._waiting[:BATCH]
            stored = not self._down and await self._stored(batch)
            if not stored:
                await asyncio.to_thread(self._put_aside, batch)
            del self._waiting[: len(batch)]
            self._bytes -= sum(len(one.request or "") + len(one.response or "") + 200 for one in batch)

    async def _bring_in(self) -> None:
        """Store what waits on disk."""
        try:
            await self._know_settings()
            if self._spool.empty:
                self._up()
                return
            batches = self._spool.batches(BATCH)
            config_id = self._config_id
            while batch := await asyncio.to_thread(next, batches, None):
                config_id = await self._brought_in(batch, config_id)
            self._settings_written = False
            self._up()
        except SesError as error:
            self._fell(error)

    async def _brought_in(self, batch: Sequence[Line], config_id: int) -> int:
        kept = []
        async with self._database.transaction() as connection:
            for line in batch:
                if isinstance(line, Settings):
                    config_id = await _stored_settings(connection, line)
                else:
                    kept.append(_row(line.entry, line.config_id or config_id))
            if kept:
                await connection.execute(insert(journal), kept)
        self._observer.journaled("stored", len(kept))
        return config_id

    async def _stored(self, batch: Sequence[Entry]) -> bool:
        """False when the database is down."""
        try:
            await self._know_settings()
            try:
                async with self._database.transaction() as connection:
                    await connection.execute(insert(journal), [_row(one, self._config_id) for one in batch])
            except SQLAlchemyError:
                if len(batch) == 1:
                    log.exception("journal_entry_refused", type=batch[0].type)
                    self._observer.journaled("lost", 1)
                    return True
                return all([await self._stored([one]) for one in batch])  # one of them is to blame
        except SesError as error:
            self._fell(error)
            return False
        self._observer.journaled("stored", len(batch))
        return True

    async def _know_settings(self) -> None:
        if not self._database.opened:
            await self._database.open()
        if not self._config_id:
            async with self._database.transaction() as connection:
                self._config_id = await _stored_settings(connection, self._ran_with)

    def _put_aside(self, entries: Sequence[Entry]) -> None:
        lines: list[Line] = [Kept(entry, self._config_id) for entry in entries]
        if not self._config_id and not self._settings_written:
            lines.insert(0, self._ran_with)
        try:
            self._spool.append(lines)
        except SpoolFull as error:
            log.error("journal_lost", number=len(entries), reason=str(error))  # noqa: TRY400  the reason says it all
            self._observer.journaled("lost", len(entries))
            return
        self._settings_written = True
        self._observer.journaled("spooled", len(entries))

    def _may_try(self) -> bool:
        return not self._ending.is_set() and self._clock.monotonic() - self._fallen >= RETRY

    def _fell(self, error: SesError) -> None:
        if not self._down:
            log.warning("journal_down", reason=str(error))
        self._down = True
        self._fallen = self._clock.monotonic()

    def _up(self) -> None:
        if self._down:
            log.info("journal_up")
        self._down = False

    async def _sweep(self) -> None:
        if self._retention is None or self._down or self._clock.monotonic() - self._swept < SWEEP:
            return
        self._swept = self._clock.monotonic()
        before = _time(self._clock.now()) - timedelta(days=self._retention)
        old = select(journal.c.id).where(journal.c.request_dt < before).limit(1000)
        try:
            while True:
                async with self._database.transaction() as connection:
                    done = await connection.execute(delete(journal).where(journal.c.id.in_(old)))
                if done.rowcount < 1000:
                    return
        except LedgerDown:
            return  # the next hour comes


async def _stored_settings(connection: AsyncConnection, row: Settings) -> int:
    fields = {"started_at": _time(row.started_at), "version": row.version, "settings": row.settings}
    added = await connection.execute(insert(settings).values(**fields).returning(settings.c.id))
    return int(added.scalar_one())


def _row(entry: Entry, config_id: int) -> dict[str, object]:
    return {
        "user": entry.user[:64],
        "username": entry.username,
        "type": entry.type[:255],
        "request": _text(entry.request),
        "request_dt": _time(entry.request_dt),
        "response": _text(entry.response),
        "response_dt": _time(entry.response_dt),
        "status_code": entry.status_code,
        "config_id": config_id,
    }


def _text(text: str | None) -> str | None:
    """PostgreSQL has no NUL in texts."""
    return text.replace("\0", "\ufffd") if text else text


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
