"""The gateway's users and journal, as the configuration wants them. SQLAlchemy is imported only for those."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import structlog

from ses import __version__
from ses.clock import Clock
from ses.config import Config
from ses.ledger.contract import Journal, LedgerDown, NoJournal, Users
from ses.ledger.histories import JOURNAL, users_history
from ses.migrations.history import History
from ses.redaction import Redactor

if TYPE_CHECKING:
    from ses.gateway.ops.metrics import Metrics
    from ses.ledger.database import Database
    from ses.ledger.journal import SqlJournal
    from ses.ledger.users import SqlUsers

log = structlog.get_logger("ses.daemon")

RETRY = 2.0
"""Seconds until a users' database that did not answer at the start is tried again."""


def ledger_databases(config: Config) -> list[tuple[History, str]]:
    """What `ses db` looks after: tables and the address of their database."""
    found = []
    if config.gateway.users is not None:
        found.append((users_history(config.gateway.users.table), config.gateway.users.url))
    if config.gateway.journal is not None:
        found.append((JOURNAL, config.gateway.journal.url))
    return found


def users_of(config: Config, clock: Clock) -> tuple[Database, SqlUsers] | None:
    """The users' database, not yet open, and the users in it."""
    from ses.ledger.database import Database
    from ses.ledger.users import SqlUsers

    wanted = config.gateway.users
    if wanted is None:
        return None
    # The users' table is made by the first start, without anybody's command.
    database = Database(wanted.url, users_history(wanted.table), migrate=True)
    return database, SqlUsers(database, wanted.table, clock)


class Ledger:
    """Users and journal, each only where it is configured."""

    def __init__(self, config: Config, clock: Clock, metrics: Metrics, redactor: Redactor) -> None:
        self._clock = clock
        self._database: Database | None = None
        self._users: SqlUsers | None = None
        self._journal: SqlJournal | None = None
        self._opening: asyncio.Task[None] | None = None
        if config.gateway.users is not None and (found := users_of(config, clock)) is not None:
            self._database, self._users = found
        if (wanted := config.gateway.journal) is not None:
            from ses.ledger.database import Database
            from ses.ledger.journal import SqlJournal
            from ses.ledger.spool import Settings, Spool

            ran_with = redactor.value(config.model_dump(mode="json"))
            self._journal = SqlJournal(
                Database(wanted.url, JOURNAL, migrate=config.gateway.migrate),
                Spool(config.data / "journal.spool", wanted.spool),
                clock,
                Settings(
                    started_at=clock.now(),
                    version=__version__,
                    settings=json.dumps(ran_with, ensure_ascii=False),
                ),
                metrics,
                retention=wanted.retention,
            )

    @property
    def users(self) -> Users | None:
        return self._users

    @property
    def journal(self) -> Journal:
        return self._journal or NoJournal()

    @property
    def journaled(self) -> bool:
        return self._journal is not None

    async def open(self) -> None:
        """Raises `SesError` for tables that are not this program's. A database that is down is waited for."""
        if self._database is not None:
            try:
                await self._database.open()
            except LedgerDown as error:
                log.warning("users_down", reason=str(error))
                self._opening = asyncio.get_running_loop().create_task(self._keep_opening(self._database))
        if self._journal is not None:
            await self._journal.start()

    async def close(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        if self._journal is not None:
            await self._journal.stop()
        if self._users is not None:
            self._users.close()
        if self._database is not None:
            await self._database.close()

    def problems(self) -> dict[str, str]:
        """Parts that harm only callers of `/v1`, for `/ready`."""
        found = {}
        if self._database is not None and not self._database.opened:
            found["users"] = f"degraded: {self._database.address} does not answer"
        if self._journal is not None and (problem := self._journal.problem):
            found["journal"] = f"degraded: {problem}"
        return found

    async def _keep_opening(self, database: Database) -> None:
        while not database.opened:
            await self._clock.sleep(RETRY)
            try:
                await database.open()
            except LedgerDown:
                continue
            log.info("users_up")
