"""The way to a visitor's page, the writing side of one websocket: never waits, bounded, closes in its own time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from aiohttp import ClientConnectionResetError, web

CLOSE_WAIT = 5.0
"""Seconds a peer has to answer a close frame before its connection is torn down."""
UNLIMITED = 1 << 62


def accept(frame: int) -> web.WebSocketResponse:
    """A response for one socket. Frames over twice `frame` bytes are cut off unread (1009), smaller ones answered.

    No compression and no writer limit: then sending never suspends, which `Sender.send` relies on; the bound
    on what waits is `Sender`'s.
    """
    return web.WebSocketResponse(
        timeout=CLOSE_WAIT,
        autoping=False,
        compress=False,
        max_msg_size=2 * frame,
        writer_limit=UNLIMITED,
        protocols=("ses.v1",),
    )


class Sender:
    """Sends texts to one reader; a reader who leaves more than `bound` bytes waiting is cut off with 1013."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport, bound: int) -> None:
        self._socket = socket
        self._transport = transport
        self._bound = bound
        self._closing: asyncio.Task[None] | None = None
        self.close_code: int | None = None
        """The code this side closed with."""

    @property
    def open(self) -> bool:
        return self._closing is None

    def send(self, text: str) -> None:
        """Write one text frame, in order with all others. Does nothing once the socket is closing."""
        if self._closing is not None:
            return
        if self._transport.get_write_buffer_size() + len(text) > self._bound:
            self.close(1013, "too slow a reader")
            return
        self._write(self._socket.send_str(text))

    def ping(self) -> None:
        """Write a PING frame."""
        if self._closing is None:
            self._write(self._socket.ping())

    def pong(self, data: bytes) -> None:
        """Answer a PING frame."""
        if self._closing is None:
            self._write(self._socket.pong(data))

    def close(self, code: int, reason: str = "") -> None:
        """Begin to close; `closed` waits for the end."""
        if self._closing is None:
            self.close_code = code
            self._closing = asyncio.get_running_loop().create_task(self._close(code, reason))

    def abort(self) -> None:
        """Tear the connection down without a word: nobody is there to hear it."""
        self._transport.abort()

    async def closed(self) -> None:
        """Return when a close that was begun has ended."""
        if self._closing is not None:
            await asyncio.shield(self._closing)

    def _write(self, sending: Coroutine[Any, Any, None]) -> None:
        try:
            sending.send(None)  # runs to its end at once, see `accept`
        except StopIteration:
            return
        except ClientConnectionResetError:
            return  # the reading side sees the loss and ends the connection
        raise AssertionError("aiohttp suspended in a send without compression and limit")

    async def _close(self, code: int, reason: str) -> None:
        try:
            await self._socket.close(code=code, message=reason.encode(), drain=False)
        finally:
            # Whatever still waits for a reader who stopped reading must not be kept.
            if code == 1013 or self._transport.get_write_buffer_size() > 0:
                self._transport.abort()
