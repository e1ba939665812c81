"""Reading beside the writer: a pool of connections, each used by one question at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import asyncpg

from ses.storage.base import StoreBase
from ses.storage.contract import StoreUnavailable
from ses.storage.postgres.connection import CONNECT_TIMEOUT
from ses.storage.postgres.faults import connection_gone, in_words

P = ParamSpec("P")
T = TypeVar("T")


class PoolSize(NamedTuple):
    """Connections of the readers; the writer has one more."""

    ready: int = 5
    """Kept open."""
    most: int = 20
    timeout: float = 30.0
    """Seconds to wait for one that is free."""


class Readers:
    """A read sees everything committed before it began."""

    def __init__(self, pool: asyncpg.Pool, timeout: float) -> None:
        self._pool = pool
        self._timeout = timeout

    @classmethod
    async def open(cls, url: str, size: PoolSize, statement_timeout: float) -> Readers:
        """Raises what asyncpg raises."""
        pool = await asyncpg.create_pool(
            url,
            min_size=size.ready,
            max_size=size.most,
            timeout=CONNECT_TIMEOUT,
            command_timeout=statement_timeout,
            # Nobody changes a setting or leaves a transaction open here, so that nothing need be put back after each question.
            reset=_leave_as_it_is,
            server_settings={
                "application_name": "ses readers",
                "default_transaction_read_only": "on",
                "jit": "off",
            },
        )
        return cls(pool, size.timeout)

    async def read(self, question: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """Raises `StoreUnavailable`."""
        try:
            try:
                return await self._ask(question)
            except Exception as error:
                # A connection that died while it lay idle says so only now; a question can be asked again.
                if not connection_gone(error) or isinstance(error, TimeoutError):
                    raise
                await self._pool.expire_connections()
                return await self._ask(question)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            raise StoreUnavailable(f"the database cannot be read: {in_words(error)}") from error

    async def _ask(self, question: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        async with self._pool.acquire(timeout=self._timeout) as connection:
            return await question(connection)

    async def close(self) -> None:
        self._pool.terminate()


def answered(
    query: Callable[Concatenate[asyncpg.Connection, P], Awaitable[T]],
) -> Callable[Concatenate[StoreBase[Any, Readers], P], Coroutine[Any, Any, T]]:
    """A store's method that asks its readers that query. Raises `StoreUnavailable`."""

    async def method(store: StoreBase[Any, Readers], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await store.readers.read(lambda db: query(db, *args, **kwargs))

    return method


async def _leave_as_it_is(_: asyncpg.Connection) -> None:
    """Stands for the questions by which asyncpg puts a connection back into its first state."""
