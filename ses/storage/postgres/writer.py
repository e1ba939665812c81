"""The one task that writes: whatever waits becomes durable by it in one transaction.

While a transaction is under way others gather, so that under load many turns share its round trips and its `fsync`. Each
transaction leaves its number in the database. When the connection is lost during a `COMMIT`, nobody knows whether it was
carried out: the number is read as soon as the server is back, and those who wait are told then.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import asyncpg
import structlog

from ses.clock import Clock
from ses.errors import SesError
from ses.storage.contract import CommandFailed, StoreUnavailable
from ses.storage.postgres import commands
from ses.storage.postgres.connection import WriterConnection
from ses.storage.postgres.faults import connection_gone, in_words, of_the_command
from ses.storage.writer import CommandWriter, Done

log = structlog.get_logger("ses.storage")

Work = Callable[[asyncpg.Connection, Sequence[Any]], Awaitable[Sequence[Any]]]

BATCH = 512
"""Commands in one transaction at most."""
PROBE = 0.5
"""Seconds between attempts to write while nothing can be stored."""

_MIXED: tuple[Work, ...] = (commands.commit, commands.delivered, commands.accept)
"""Commands of these kinds may change their order within a transaction, and do: each kind goes together, in this order. Whoever
needs what another one wrote has waited for it, so it is in an earlier transaction."""


class _Command:
    __slots__ = ("argument", "done", "result", "work")

    def __init__(self, work: Work, argument: Any, done: Done) -> None:
        self.work = work
        self.argument = argument
        self.done = done
        self.result: Any = None


class _OutcomeUnknown(Exception):
    """The connection was lost during a `COMMIT`."""


class Writer(CommandWriter[Work]):
    """Carries out commands and reports in the order of the calls."""

    def __init__(self, connection: WriterConnection, clock: Clock) -> None:
        super().__init__(asyncio.get_running_loop())
        self._connection = connection
        self._clock = clock
        self._queue: deque[_Command] = deque()
        self._wake = asyncio.Event()
        self._ending = False
        self._number = 0
        """Of the last transaction; begins at 0 with each owner, as it does in the database."""
        self._undecided: list[_Command] = []
        """Those in the transaction of that number, while its outcome is not known."""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._connection.current.add_termination_listener(self._lost)
        self._task = self._loop.create_task(self._run(), name="ses-store-writer")

    async def stop(self) -> None:
        self._ending = True
        self._wake.set()
        if self._task is not None:
            if self.problem is not None:
                self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._report(
            [*self._undecided, *self._queue], StoreUnavailable(self.problem or "the store is closed")
        )
        self._undecided = []
        self._queue.clear()

    def submit(self, work: Work, argument: Any, done: Done) -> None:
        self.waiting += 1
        command = _Command(work, argument, done)
        if self.problem is not None or self._ending:
            refused = StoreUnavailable(self.problem or "the store is closed")
            self._loop.call_soon(self._report, [command], refused)
            return
        self._queue.append(command)
        self._wake.set()

    # --- the task ------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            if self.problem is None and not self._connection.up:
                self._ail([], "the connection to PostgreSQL is lost")
            if self.problem is not None:
                await self._recover()
            batch = [*islice(self._queue, BATCH)]
            for _ in batch:
                self._queue.popleft()
            if batch:
                await self._carry_out(batch)
            elif self._ending:
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _carry_out(self, batch: list[_Command]) -> None:
        try:
            try:
                await self._transaction(batch, _together)
            except Exception as error:
                if isinstance(error, _OutcomeUnknown) or not of_the_command(error):
                    raise
                await self._transaction(batch, _apart)
        except _OutcomeUnknown as unknown:
            self._undecided = batch
            self._ail([], in_words(unknown.__cause__ or unknown))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to those who asked
            self._ail(batch, in_words(error))
        else:
            self._report(batch)

    async def _transaction(
        self,
        batch: list[_Command],
        carry_out: Callable[[asyncpg.Connection, list[_Command]], Awaitable[None]],
    ) -> None:
        db = self._connection.current
        self._number += 1
        try:
            await db.execute(f"BEGIN; UPDATE meta SET value = '{self._number}' WHERE name = 'batch'")  # noqa: S608 - a number
            await carry_out(db, batch)
        except Exception as error:
            await self._roll_back(db, error)
            raise
        try:
            await db.execute("COMMIT")
        except Exception as error:
            if connection_gone(error):
                db.terminate()
                raise _OutcomeUnknown from error
            await self._roll_back(db, error)
            raise

    async def _roll_back(self, db: asyncpg.Connection, error: Exception) -> None:
        if connection_gone(error):
            db.terminate()
            return
        try:
            await db.execute("ROLLBACK")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            db.terminate()

    # --- when nothing can be stored ------------------------------------------------------------------------------

    def _lost(self, _: asyncpg.Connection) -> None:
        self._wake.set()

    def _ail(self, failed: list[_Command], problem: str) -> None:
        """From now on all calls fail: those that wait first, so that nothing overtakes what failed."""
        log.error("store unavailable", problem=problem)
        self.problem = problem
        failed = [*failed, *self._queue]
        self._queue.clear()
        self._report(failed, StoreUnavailable(problem))

    async def _recover(self) -> None:
        while True:
            try:
                await self._connection.reconnect(self._lost)
                await self._decide()
                await self._transaction([], _together)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the problem now
                self.problem = str(error) if isinstance(error, SesError) else in_words(error)
                if connection_gone(error):
                    self._connection.terminate()
                await self._clock.sleep(PROBE)
            else:
                log.info("store available again", problem=self.problem)
                self.problem = None
                return

    async def _decide(self) -> None:
        """What became of the transaction whose `COMMIT` was not answered. The lock is ours, so it is over."""
        if not self._undecided:
            return
        written = await self._connection.current.fetchval("SELECT value FROM meta WHERE name = 'batch'")
        batch, self._undecided = self._undecided, []
        if written == str(self._number):
            self._report(batch)
        else:
            self._report(batch, StoreUnavailable(self.problem or "the connection to PostgreSQL was lost"))

    def _report(self, batch: Sequence[_Command], error: SesError | None = None) -> None:
        self.waiting -= len(batch)
        for command in batch:
            command.done(command.result if error is None else error)


async def _together(db: asyncpg.Connection, batch: list[_Command]) -> None:
    for work, group in _groups(batch):
        results = await work(db, [command.argument for command in group])
        for command, result in zip(group, results, strict=True):
            command.result = result


def _groups(batch: list[_Command]) -> Iterator[tuple[Work, list[_Command]]]:
    """What is carried out by one call, in turn."""
    mixed: list[_Command] = []
    for command in batch:
        if command.work in _MIXED:
            mixed.append(command)
        else:
            yield from _by_kind(mixed)
            mixed = []
            yield command.work, [command]
    yield from _by_kind(mixed)


def _by_kind(mixed: list[_Command]) -> Iterator[tuple[Work, list[_Command]]]:
    for work in _MIXED:
        if group := [command for command in mixed if command.work is work]:
            yield work, group


async def _apart(db: asyncpg.Connection, batch: list[_Command]) -> None:
    for command in batch:
        await db.execute("SAVEPOINT command")
        try:
            (command.result,) = await command.work(db, [command.argument])
        except Exception as error:
            if not of_the_command(error):
                raise
            await db.execute("ROLLBACK TO SAVEPOINT command")
            command.result = CommandFailed(f"the store cannot keep this: {error}")
            command.result.__cause__ = error
        await db.execute("RELEASE SAVEPOINT command")
