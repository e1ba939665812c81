"""Reading beside the writer: a few connections of their own, each used by one job at a time, off the loop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Concatenate, ParamSpec, TypeVar

from ses.storage.base import StoreBase
from ses.storage.contract import StoreUnavailable

P = ParamSpec("P")
T = TypeVar("T")


class Readers:
    """`size` read-only connections; a read sees everything committed before it began."""

    def __init__(self, path: Path, size: int = 2) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="ses-store-reader")
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        self._all: list[sqlite3.Connection] = []
        for _ in range(size):
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
            connection.execute("PRAGMA query_only = 1")
            connection.execute("PRAGMA cache_size = -2048")
            self._all.append(connection)
            self._idle.put(connection)

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Raises `StoreUnavailable`."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, query)

    def _run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._idle.get()
        try:
            return query(connection)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the database cannot be read: {error}") from error
        finally:
            self._idle.put(connection)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._pool.shutdown)
        for connection in self._all:
            connection.close()


def answered(
    query: Callable[Concatenate[sqlite3.Connection, P], T],
) -> Callable[Concatenate[StoreBase[Any, Readers], P], Coroutine[Any, Any, T]]:
    """A store's method that asks its readers that query. Raises `StoreUnavailable`."""

    async def method(store: StoreBase[Any, Readers], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await store.readers.read(lambda db: query(db, *args, **kwargs))

    return method
