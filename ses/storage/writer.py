"""What the writers of all stores have in common: commands are submitted, and reported on in the order of the calls."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ses.errors import SesError

Work = TypeVar("Work")
Done = Callable[[Any], None]


class CommandWriter(ABC, Generic[Work]):
    """Carries out commands; `Work` is the kind of function a command is."""

    problem: str | None = None
    """Why nothing can be stored at the moment."""
    waiting = 0
    """Commands that have not been reported on."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    async def stop(self) -> None:
        """Carry out what was submitted, if that is possible now; then end."""

    @abstractmethod
    def submit(self, work: Work, argument: Any, done: Done) -> None:
        """`done` is called on the loop with the result, or with a `SesError`; never before this returns."""

    async def run(self, work: Work, argument: Any) -> Any:
        """Submit and wait. A cancelled call is carried out nevertheless."""
        future: asyncio.Future[Any] = self._loop.create_future()

        def settle(result: Any) -> None:
            if future.done():
                return
            if isinstance(result, SesError):
                future.set_exception(result)
            else:
                future.set_result(result)

        self.submit(work, argument, settle)
        return await future
