"""A client that goes away ends the work that was done for him."""

from __future__ import annotations

import asyncio
from types import TracebackType

from aiohttp import web

LOOK_EVERY = 0.1
"""Seconds. The server tells nobody that a connection closed, but the request knows it."""


class ClientGone(ConnectionResetError):
    """Nobody is there to be answered."""


class WhileThere:
    """`async with WhileThere(request):` cancels what stands in it when the client goes, and raises `ClientGone`."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._gone = False

    async def __aenter__(self) -> None:
        self._task = asyncio.current_task()
        self._look_again()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._timer is not None, "it was entered"
        self._timer.cancel()
        if self._gone and self._task is not None and isinstance(error, asyncio.CancelledError):
            if self._task.uncancel() > 0:
                return  # somebody else wants it to end, too
            raise ClientGone("the client went away") from error

    def _look_again(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_EVERY, self._look)

    def _look(self) -> None:
        transport = self._request.transport
        if transport is not None and not transport.is_closing():
            self._look_again()
            return
        self._gone = True
        if self._task is not None:
            self._task.cancel()
