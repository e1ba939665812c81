"""The two aiohttp applications: the API with administration, and what the world may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Middleware

from ses.gateway.http.access import Access
from ses.gateway.http.envelope import Handler, envelope
from ses.gateway.http.operation import Operation, serve

BODY_LIMIT = 1 << 20
"""Bytes of a request's body."""


class RequestMetrics(Protocol):
    async def requests(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A middleware that counts responses."""
        ...


def api(
    operations: Sequence[Operation],
    access: Access,
    metrics: RequestMetrics,
    faults: Sequence[Middleware] = (),
) -> web.Application:
    """The application of `port`: exactly these operations. `faults` answer failures of paths that follow other protocols."""
    app = web.Application(middlewares=[metrics.requests, envelope, *faults], client_max_size=BODY_LIMIT)
    for operation in operations:
        handler = serve(operation, access)
        app.router.add_route(operation.method, operation.path, handler)
        if operation.method == "GET":
            app.router.add_route("HEAD", operation.path, handler)
    app.on_response_prepare.append(_unsigned)
    return app


def public(routes: Iterable[web.AbstractRouteDef]) -> web.Application:
    """The application of `widget.port`: what the connectors mount and nothing else."""
    app = web.Application(middlewares=[_bare], client_max_size=BODY_LIMIT)
    app.add_routes(routes)
    app.on_response_prepare.append(_unsigned)
    return app


@web.middleware
async def _bare(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Failures without a word to strangers."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return web.Response(status=error.status, headers={"X-Content-Type-Options": "nosniff"})


async def _unsigned(request: web.Request, response: web.StreamResponse) -> None:
    """No versions of Python and its libraries for strangers."""
    del request
    response.headers["Server"] = "SES"
