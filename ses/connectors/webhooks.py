"""`POST /hook/{kind}/{name}` on the public listener: where messengers call."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Protocol

from aiohttp import web

LARGEST = 1 << 20
"""Bytes of a call's body."""
PATIENCE = 8.0
"""Seconds in which what a call brings must be stored; messengers give up after ten, and call again."""
RETRY_AFTER = 2
"""Seconds after which a messenger may call again."""


class WebhookReceiver(Protocol):
    """A connector that its messenger calls."""

    async def webhook(self, headers: Mapping[str, str], body: bytes) -> web.Response:
        """Check that the messenger itself calls, store what it brings, then answer. Refusals: 403 without a body."""
        ...


class WebhookRoutes:
    """Give `routes()` to the public listener's application; `connectors` is by full name and may change."""

    def __init__(self, connectors: Mapping[str, object]) -> None:
        self._connectors = connectors

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/hook/{kind}/{name}", self.call)]

    async def call(self, request: web.Request) -> web.Response:
        """A call for nobody, and one that is too large, learn nothing more than a call with a wrong secret."""
        connector = self._connectors.get(f"{request.match_info['kind']}.{request.match_info['name']}")
        webhook = getattr(connector, "webhook", None)
        body = await _read(request)
        if webhook is None or body is None:
            return web.Response(status=403)
        answer: web.Response = await webhook(request.headers, body)
        return answer


async def stored_in_time(stored: Collection[asyncio.Future[bool]], patience: float = PATIENCE) -> bool:
    """Whether all is durable, or never will be, within so many seconds. What is late goes on waiting in its order, and is
    known when the messenger brings it again."""
    waiting = [one for one in stored if not one.done()]
    if waiting:
        await asyncio.wait(waiting, timeout=patience)
    return all(one.done() and not one.cancelled() for one in stored)


def call_again() -> web.Response:
    """The answer to a call whose content could not be stored yet."""
    return web.Response(status=503, headers={"Retry-After": str(RETRY_AFTER)})


async def _read(request: web.Request) -> bytes | None:
    """The body; none when it is too large."""
    if (request.content_length or 0) > LARGEST:
        return None
    body = bytearray()
    async for chunk in request.content.iter_chunked(65536):
        body += chunk
        if len(body) > LARGEST:
            return None
    return bytes(body)
