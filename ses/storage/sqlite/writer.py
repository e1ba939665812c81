"""The one thread that writes: whatever waits becomes durable by it in one transaction.

The cost of a transaction is its `fsync`; under load many turns share one (group commit), and when it is
quiet nobody waits for company. Each command is a function of the connection, so a batch in which one of
them fails can be rolled back and done again with a savepoint round each.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from ses.storage.contract import CommandFailed, StoreUnavailable
from ses.storage.writer import CommandWriter, Done

Work = Callable[[sqlite3.Connection, Any], Any]

BATCH = 512
"""Commands after which a transaction is full."""
PROBE = 1.0
LONGEST_LOG = 64 << 20
"""After so many bytes the write-ahead log is emptied, readers or not."""

_OUT_OF_ORDER = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk fails",
    sqlite3.SQLITE_BUSY: "another program has locked the database",
    sqlite3.SQLITE_LOCKED: "the database is locked",
    sqlite3.SQLITE_READONLY: "the database cannot be written",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged",
    sqlite3.SQLITE_NOTADB: "the database file is damaged",
    sqlite3.SQLITE_NOMEM: "memory is exhausted",
}


class _Command(NamedTuple):
    epoch: int
    work: Work
    argument: Any
    done: Done


class Writer(CommandWriter[Work]):
    """Runs commands in their order on a thread of its own and reports on the loop."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        log: Path,
        loop: asyncio.AbstractEventLoop,
        *,
        probe: float = PROBE,
        longest_log: int = LONGEST_LOG,
    ) -> None:
        """`log`: the write-ahead log's file, at most about `longest_log` bytes; `probe`: seconds between attempts to write
        while nothing can be stored."""
        super().__init__(loop)
        self._connection = connection
        self._log = log
        self._probe_after = probe
        self._longest_log = longest_log
        self._submitted: list[_Command] = []
        """In this round of the loop; the thread gets them together."""
        self._queue: SimpleQueue[list[_Command] | None] = SimpleQueue()
        self._epoch = 0
        self._failed_epoch = -1
        self._ailing: str | None = None
        """What the thread knows of `problem` before the loop does."""
        self._batches = 0
        self._thread = threading.Thread(target=self._run, name="ses-store-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        self._hand_over()
        self._queue.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def submit(self, work: Work, argument: Any, done: Done) -> None:
        self.waiting += 1
        if not self._submitted:
            self._loop.call_soon(self._hand_over)
        self._submitted.append(_Command(self._epoch, work, argument, done))

    # --- on the loop ---------------------------------------------------------------------------------------

    def _hand_over(self) -> None:
        """Wake the thread once for all that a round of the loop submitted."""
        if self._submitted:
            self._queue.put(self._submitted)
            self._submitted = []

    def _report(self, reports: list[tuple[Done, Any]], problem: str | None) -> None:
        if problem is not None:
            # Whoever submitted before hearing of the failure fails too, so that nothing overtakes what failed.
            self._epoch += 1
        self.problem = problem
        self.waiting -= len(reports)
        for done, result in reports:
            done(result)

    # --- on the thread -------------------------------------------------------------------------------------

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._gather()
            if batch:
                reports, self._ailing = self._carry_out(batch)
                self._tell(reports)
                self._bound_log()
            elif self._ailing is not None and self._probe():
                self._ailing = None
                self._tell([])

    def _tell(self, reports: list[tuple[Done, Any]]) -> None:
        with suppress(RuntimeError):  # the loop is gone: so is everyone who waited
            self._loop.call_soon_threadsafe(self._report, reports, self._ailing)

    def _gather(self) -> tuple[list[_Command], bool]:
        batch: list[_Command] = []
        try:
            commands = self._queue.get(timeout=None if self._ailing is None else self._probe_after)
            while commands is not None:
                batch += commands
                if len(batch) >= BATCH:
                    return batch, False
                commands = self._queue.get_nowait()
        except Empty:
            return batch, False
        return batch, True

    def _carry_out(self, batch: list[_Command]) -> tuple[list[tuple[Done, Any]], str | None]:
        late = [command for command in batch if command.epoch <= self._failed_epoch]
        if late:
            before = self._ailing or "the database could not be written a moment ago"
            reports: list[tuple[Done, Any]] = [(command.done, StoreUnavailable(before)) for command in late]
            fresh = [command for command in batch if command.epoch > self._failed_epoch]
            more, problem = self._carry_out(fresh) if fresh else ([], before)
            return [*reports, *more], problem
        try:
            return self._together(batch), None
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to those who asked
            self._roll_back()
            problem = _unavailable(error)
        if problem is None:
            try:
                return self._apart(batch), None
            except Exception as error:  # noqa: BLE001 - likewise
                self._roll_back()
                problem = _unavailable(error) or str(error)
        self._failed_epoch = max(command.epoch for command in batch)
        return [(command.done, StoreUnavailable(problem)) for command in batch], problem

    def _together(self, batch: list[_Command]) -> list[tuple[Done, Any]]:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        reports = [(command.done, command.work(connection, command.argument)) for command in batch]
        connection.execute("COMMIT")
        return reports

    def _apart(self, batch: list[_Command]) -> list[tuple[Done, Any]]:
        connection = self._connection
        reports: list[tuple[Done, Any]] = []
        connection.execute("BEGIN IMMEDIATE")
        for command in batch:
            connection.execute("SAVEPOINT command")
            try:
                result = command.work(connection, command.argument)
            except Exception as error:
                if _unavailable(error) is not None:
                    raise
                connection.execute("ROLLBACK TO command")
                result = CommandFailed(f"the store cannot keep this: {error}")
                result.__cause__ = error
            connection.execute("RELEASE command")
            reports.append((command.done, result))
        connection.execute("COMMIT")
        return reports

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):  # SQLite has rolled back by itself after the graver errors
                self._connection.execute("ROLLBACK")

    def _probe(self) -> bool:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(
                "INSERT INTO meta VALUES ('probe', 1) ON CONFLICT DO UPDATE SET value = value + 1"
            )
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            self._roll_back()
            return False
        return True

    def _bound_log(self) -> None:
        """Automatic checkpoints empty the log unless a reader stands in the way for long; then wait for it."""
        self._batches += 1
        if self._batches % 256 == 0:
            with suppress(OSError, sqlite3.Error):  # it is tried again soon; writing goes on meanwhile
                if self._log.stat().st_size > self._longest_log:
                    self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _unavailable(error: Exception) -> str | None:
    """What is wrong with the database as a whole, in words; none when the command itself was at fault."""
    if isinstance(error, MemoryError):
        return _OUT_OF_ORDER[sqlite3.SQLITE_NOMEM]
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _OUT_OF_ORDER.get(code & 0xFF)
