"""Server-sent events, as clients of OpenAI's protocol expect them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from ses.gateway.v1.errors import V1Error

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would gather the pieces
    "X-Content-Type-Options": "nosniff",
}

Request = TypeVar("Request")
Piece = TypeVar("Piece")
_encode = msgspec.json.Encoder().encode


class Events:
    """A stream of events to one client."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self.response = web.StreamResponse(headers=HEADERS)

    async def open(self) -> None:
        await self.response.prepare(self._request)

    async def send(self, fields: Mapping[str, Any]) -> None:
        await self.response.write(b"data: %b\n\n" % _encode(fields))

    async def done(self) -> web.StreamResponse:
        await self.response.write(b"data: [DONE]\n\n")
        await self.response.write_eof()
        return self.response

    async def fail(self, error: V1Error) -> web.StreamResponse:
        """End with an error; `[DONE]` does not come."""
        await self.send({"error": error.fields})
        await self.response.write_eof()
        return self.response


def begun(
    stream: Callable[[Request], AsyncGenerator[Piece, None]],
) -> Callable[[Request], Awaitable[AsyncGenerator[Piece, None]]]:
    """`stream`, awaiting its first piece: what fails until then is answered with a status."""

    async def begin(request: Request) -> AsyncGenerator[Piece, None]:
        pieces = stream(request)
        try:
            first = await anext(pieces)
        except StopAsyncIteration:
            return pieces
        except BaseException:
            await pieces.aclose()
            raise
        return _all(first, pieces)

    return begin


async def _all(first: Piece, rest: AsyncGenerator[Piece, None]) -> AsyncGenerator[Piece, None]:
    async with aclosing(rest):
        yield first
        async for piece in rest:
            yield piece
