"""The connection that writes. It holds the lock of the database, by which this daemon is the only one on it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import asyncpg

from ses.clock import Clock
from ses.storage.contract import StoreRefused, StoreUnavailable
from ses.storage.postgres.faults import in_words

CONNECT_TIMEOUT = 10.0
"""Seconds that the server has to accept a connection."""
STATEMENT_TIMEOUT = 30.0
"""Seconds that it has for a statement."""
LOCK_WAIT = 3.0
"""Seconds until the connection of a daemon that was killed is gone at the server, and its lock with it."""
LOCK_POLL = 0.1
"""Seconds between attempts to get the lock."""

_LOCK = 0x53455331
"""`SES1`: the advisory lock's key; each database of a server has its own."""

_SETTINGS = {
    # Each statement is prepared once and meets rows by an index, however small the tables were then.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    # A server that lost sight of this machine must let the lock go some day.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}

_HOLDER = """
SELECT application_name || coalesce(' on ' || host(client_addr), '') FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objid = $1 AND classid = 0
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def database_name(url: str) -> str:
    """How messages call the database: no password in it."""
    parts = urlsplit(url)
    return f"the PostgreSQL database {unquote(parts.path).strip('/') or '(unnamed)'} at {parts.hostname or 'the local socket'}"


class WriterConnection:
    """The writer's, at most one at a time; `owner` is what this daemon writes into the database to know it again."""

    def __init__(self, url: str, owner: str, clock: Clock, statement_timeout: float) -> None:
        self.database = database_name(url)
        self.owner = owner
        self._url = url
        self._clock = clock
        self._statement_timeout = statement_timeout
        self._name = f"ses {socket.gethostname()}:{os.getpid()}"[:63]
        self._connection: asyncpg.Connection | None = None
        self._backend = 0
        """The server's process for the last connection."""

    @property
    def up(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()

    @property
    def current(self) -> asyncpg.Connection:
        assert self._connection is not None
        return self._connection

    async def connect(self) -> asyncpg.Connection:
        """A new connection with the lock. Raises `StoreRefused` (another daemon has it) and what asyncpg raises."""
        db = await asyncpg.connect(
            self._url,
            timeout=CONNECT_TIMEOUT,
            command_timeout=self._statement_timeout,
            server_settings={**_SETTINGS, "application_name": self._name},
        )
        try:
            await self._acquire_lock(db)
            # What is acknowledged must be on the disk, however the server was tuned for others.
            await db.execute(
                "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
            )
        except BaseException:
            db.terminate()
            raise
        self._connection, self._backend = db, db.get_server_pid()
        return db

    async def reconnect(self, lost: Callable[[asyncpg.Connection], None]) -> None:
        """Connect again unless connected. Raises as `connect` does, and `StoreUnavailable` when another daemon has used the
        database meanwhile: what this one remembers is not true any more."""
        if self.up:
            return
        db = await self.connect()
        if await db.fetchval("SELECT value FROM meta WHERE name = 'running'") != self.owner:
            db.terminate()
            raise StoreUnavailable(f"another daemon has used {self.database} meanwhile; restart this one")
        db.add_termination_listener(lost)

    async def _acquire_lock(self, db: asyncpg.Connection) -> None:
        if self._backend:
            # The server may not know yet that our last connection is lost, and may even be carrying out its last statement.
            await db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND application_name = $2",
                self._backend,
                self._name,
            )
        for _ in range(round(LOCK_WAIT / LOCK_POLL)):
            if await db.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                return
            await self._clock.sleep(LOCK_POLL)
        holder = await db.fetchval(_HOLDER, _LOCK)
        raise StoreRefused(
            f"{self.database} is in use by another daemon{f' ({holder})' if holder else ''}; "
            "stop that one, or give this one its own `storage.url`"
        )

    def terminate(self) -> None:
        """Let the connection go at once."""
        if self._connection is not None:
            self._connection.terminate()

    async def close(self) -> None:
        if self._connection is not None and not self._connection.is_closed():
            try:
                await self._connection.close(timeout=5.0)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                self._connection.terminate()
        self._connection = None


def refusal(database: str, error: Exception) -> StoreRefused:
    """Why a database cannot be opened at all, with the remedy."""
    remedies: dict[type[Exception], str] = {
        asyncpg.InvalidCatalogNameError: "create it: createdb --owner=USER NAME",
        asyncpg.InvalidAuthorizationSpecificationError: "check the user and the password in `storage.url`, and pg_hba.conf",
        asyncpg.TooManyConnectionsError: "raise max_connections of the server, or lower `storage.pool`",
    }
    remedy = next((text for kind, text in remedies.items() if isinstance(error, kind)), "check `storage.url`")
    reason = in_words(error) if isinstance(error, TimeoutError) else str(error) or type(error).__name__
    return StoreRefused(f"{database} cannot be opened: {reason}; {remedy}")
