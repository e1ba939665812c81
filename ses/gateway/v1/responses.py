"""How answers go out: at once as JSON, or piece by piece as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any, Protocol, TypeVar

import msgspec
from aiohttp import web

from ses.gateway.http.envelope import HARDENED
from ses.gateway.v1.engine_response import Head
from ses.gateway.v1.errors import of_engine
from ses.gateway.v1.handler import V1Call
from ses.gateway.v1.sse import Events
from ses.llm.errors import EngineError

Piece = TypeVar("Piece")
Chunk_contra = TypeVar("Chunk_contra", contravariant=True)


class Accumulator(Protocol[Chunk_contra]):
    """Puts a stream together again."""

    def add(self, chunk: Chunk_contra, /) -> None: ...

    def fields(self, head: Head) -> dict[str, Any]: ...


def json_response(fields: Mapping[str, Any]) -> web.Response:
    return web.Response(body=msgspec.json.encode(fields), content_type="application/json", headers=HARDENED)


async def stream_response(
    call: V1Call,
    head: Head,
    chunks: AsyncGenerator[Piece, None],
    shown: Callable[[Piece], dict[str, Any] | None],
    accumulator: Accumulator[Piece] | None,
    *,
    unknown: int,
) -> web.StreamResponse:
    """`shown` makes an event of a piece, or none; `accumulator` puts the pieces together, where a journal wants them. What fails on the
    way is an event, and the end.
    """
    if accumulator is not None:
        call.accumulated = partial(accumulator.fields, head)
    events = Events(call.request)
    async with aclosing(chunks):
        await events.open()
        try:
            async for chunk in chunks:
                if accumulator is not None:
                    accumulator.add(chunk)
                if (fields := shown(chunk)) is not None:
                    await events.send(fields)
        except EngineError as error:
            return await events.fail(of_engine(error, unknown=unknown))
    return await events.done()
