"""Passwords by argon2: off the loop, a few at a time, and as slow for accounts that do not exist."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ses.ledger.contract import TooBusy

AT_ONCE = 2
WAITING = 16
"""Passwords that may wait beside those being checked; one takes some 20 ms."""

T = TypeVar("T")


class Passwords:
    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._busy = 0
        self._nobodys: str | None = None

    async def hashed(self, password: str) -> str:
        """Raises `TooBusy`."""
        return await self._off_the_loop(lambda: self._hasher.hash(password))

    async def fits(self, password: str, hashed: str | None) -> bool:
        """`hashed` none: an account that does not exist; takes as long and is false. Raises `TooBusy`."""
        return await self._off_the_loop(lambda: self._compare(password, hashed))

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _compare(self, password: str, hashed: str | None) -> bool:
        if hashed is None and self._nobodys is None:
            self._nobodys = self._hasher.hash("nobody's")
        try:
            self._hasher.verify(hashed or self._nobodys or "", password)
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None

    async def _off_the_loop(self, work: Callable[[], T]) -> T:
        if self._busy >= AT_ONCE + WAITING:
            raise TooBusy("too many passwords wait to be checked")
        self._busy += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._busy -= 1
