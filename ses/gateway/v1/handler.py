"""One request of `/v1` from its arrival to its line in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import msgspec
import structlog
from aiohttp import web

from ses.client_address import client_address
from ses.clock import Clock
from ses.gateway.v1.auth import NOBODY, Authenticator, Principal
from ses.gateway.v1.bodies import decoded, read
from ses.gateway.v1.disconnect import ClientGone, DisconnectWatcher
from ses.gateway.v1.errors import V1Error
from ses.ledger.contract import Entry, Journal

log = structlog.get_logger("ses.gateway.v1")

Serve = Callable[["V1Call"], Awaitable[web.StreamResponse]]
GONE = 499
"""Status in the journal of a request whose client went away."""


class V1Call:
    """A request whose sender may make it."""

    def __init__(self, request: web.Request, limit: int) -> None:
        self.request = request
        self.principal: Principal = NOBODY
        self.accumulated: Callable[[], dict[str, Any]] | None = None
        """Set by a stream: the plain answer that it has come to."""
        self.raw: bytes | None = None
        self._limit = limit

    async def json(self) -> Any:
        """The body's value. Raises 413, 415, 400."""
        self.raw = await read(self.request, self._limit)
        return decoded(self.request, self.raw)


class V1Handler:
    """Authenticates requests, has them served, and writes them to the journal."""

    def __init__(
        self,
        authenticator: Authenticator,
        journal: Journal,
        clock: Clock,
        *,
        body_limit: int,
        trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = (),
        journaled: bool = True,
        below: str = "",
    ) -> None:
        """`body_limit` in bytes. `journaled` false: nothing is assembled for a journal that keeps nothing. `below`: the path
        under which `/v1` lies here; the journal leaves it out.
        """
        self._authenticator = authenticator
        self._journal = journal
        self._clock = clock
        self._limit = body_limit
        self._trusted = trusted_proxies
        self._journaled = journaled
        self._disconnects = DisconnectWatcher()
        self._below = below

    async def handle(self, request: web.Request, serve: Serve) -> web.StreamResponse:
        """The answer, whatever happens. Raises `ClientGone` when nobody is left to be answered."""
        call = V1Call(request, self._limit)
        began = self._clock.now()
        try:
            async with self._disconnects.cancelling(request):
                response = await self._answer(call, serve)
        except ConnectionResetError:
            self._write(call, began, GONE, None)
            raise ClientGone("the client went away") from None
        except asyncio.CancelledError:  # the daemon ends
            self._write(call, began, GONE, None)
            raise
        body = response.body if isinstance(response, web.Response) else None
        self._write(call, began, response.status, body if isinstance(body, bytes) else None)
        return response

    async def _answer(self, call: V1Call, serve: Serve) -> web.StreamResponse:
        try:
            call.principal = await self._authenticator.authenticate(call.request)
            return await serve(call)
        except V1Error as error:
            return error.response()
        except ConnectionResetError:
            raise
        except Exception:
            log.exception("request_failed", path=call.request.path)
            return V1Error(500).response()

    def _write(self, call: V1Call, began: float, status: int, body: bytes | None) -> None:
        if not self._journaled:
            return
        request, accumulated = call.request, call.accumulated
        if accumulated is not None:
            body = msgspec.json.encode(accumulated())
        self._journal.write(
            Entry(
                user=client_address(request, self._trusted) or request.remote or "",
                username=call.principal.name,
                type=f"{request.method} {request.path.removeprefix(self._below)}",
                request=None if call.raw is None else call.raw.decode(errors="replace"),
                request_dt=began,
                response=None if body is None else body.decode(errors="replace"),
                response_dt=self._clock.now(),
                status_code=status,
            )
        )
