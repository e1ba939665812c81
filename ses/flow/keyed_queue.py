"""A queue by key: of one key one item after the other, keys beside each other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import structlog

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

log = structlog.get_logger("ses")


class KeyedQueue(Generic[K, T]):
    """A key has a task only while something of it waits. Memory is the caller's to bound, by `waiting` and `of`."""

    def __init__(self, work: Callable[[K, T], Awaitable[None]]) -> None:
        """`work` deals with one item. What it raises is logged, and the next item's turn comes."""
        self._work = work
        self._items: dict[K, deque[T]] = {}
        self._tasks: dict[K, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Items not dealt with yet, those at work among them."""
        return sum(len(items) for items in self._items.values())

    def of(self, key: K) -> int:
        """Items of that key not dealt with yet."""
        return len(self._items.get(key, ()))

    def put(self, key: K, item: T) -> None:
        """Put an item behind the others of its key."""
        self._items.setdefault(key, deque()).append(item)
        if key not in self._tasks:
            self._tasks[key] = asyncio.get_running_loop().create_task(self._run(key))

    def cut(self, key: K, keep: int) -> list[T]:
        """Take away what waits behind the first `keep` ≥ 1 items of that key; what was taken, in its order."""
        items = self._items.get(key, deque())
        taken = [items.pop() for _ in range(len(items) - keep)]
        if taken:
            self._changed.set()
        return taken[::-1]

    async def at_most(self, waiting: int) -> None:
        """Return when no more items than that wait."""
        while self.waiting > waiting:
            self._changed.clear()
            await self._changed.wait()

    async def close(self) -> list[T]:
        """Stop; the items that were not dealt with, in the order of each key."""
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        left = [item for items in self._items.values() for item in items]
        self._items.clear()
        self._tasks.clear()
        self._changed.set()
        return left

    async def _run(self, key: K) -> None:
        items = self._items[key]
        while items:
            try:
                await self._work(key, items[0])
            except Exception:
                log.exception("an item of a queue could not be dealt with", key=str(key))
            items.popleft()
            self._changed.set()
        del self._items[key], self._tasks[key]
