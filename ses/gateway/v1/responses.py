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
from ses.gateway.v1.exchange import Exchange
from ses.gateway.v1.sse import Events
from ses.llm.errors import EngineError

Piece = TypeVar("Piece")
Gathered_contra = TypeVar("Gathered_contra", contravariant=True)


class Whole(Protocol[Gathered_contra]):
    """Puts the pieces together again."""

    def add(self, chunk: Gathered_contra, /) -> None: ...

    def fields(self, head: Head) -> dict[str, Any]: ...


def at_once(fields: Mapping[str, Any]) -> web.Response:
    return web.Response(body=msgspec.json.encode(fields), content_type="application/json", headers=HARDENED)


async def piece_by_piece(
    exchange: Exchange,
    head: Head,
    chunks: AsyncGenerator[Piece, None],
    shown: Callable[[Piece], dict[str, Any] | None],
    whole: Whole[Piece] | None,
    *,
    unknown: int,
) -> web.StreamResponse:
    """`shown` makes an event of a piece, or none; `whole` gathers the pieces, where a journal wants them. What fails on the
    way is an event, and the end.
    """
    if whole is not None:
        exchange.whole = partial(whole.fields, head)
    events = Events(exchange.request)
    async with aclosing(chunks):
        await events.open()
        try:
            async for chunk in chunks:
                if whole is not None:
                    whole.add(chunk)
                if (fields := shown(chunk)) is not None:
                    await events.send(fields)
        except EngineError as error:
            return await events.fail(of_engine(error, unknown=unknown))
    return await events.done()
