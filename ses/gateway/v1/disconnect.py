"""A client that goes away ends the work that was done for him."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

CHECK_EVERY = 0.25
"""Seconds. The server tells nobody that a connection closed, but the request knows it."""


class ClientGone(ConnectionResetError):
    """Nobody is there to be answered."""


class DisconnectWatcher:
    """Checks all requests under way at once: with a timer for each, a hundred slow streams would cost more in checks than in words."""

    def __init__(self) -> None:
        self._present: dict[asyncio.Task[object], web.Request] = {}
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def cancelling(self, request: web.Request) -> AsyncIterator[None]:
        """Cancels what stands in it when the client goes, and raises `ClientGone`."""
        task = asyncio.current_task()
        assert task is not None, "a request is answered in a task"
        self._present[task] = request
        if self._timer is None:
            self._check_later()
        try:
            yield
        except asyncio.CancelledError as error:
            if task in self._present or task.uncancel() > 0:
                raise  # somebody else wants it to end
            raise ClientGone("the client went away") from error
        finally:
            self._present.pop(task, None)

    def _check_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(CHECK_EVERY, self._check)

    def _check(self) -> None:
        for task in [task for task, request in self._present.items() if _is_gone(request)]:
            del self._present[task]
            task.cancel()
        if self._present:
            self._check_later()
        else:
            self._timer = None


def _is_gone(request: web.Request) -> bool:
    transport = request.transport
    return transport is None or transport.is_closing()
