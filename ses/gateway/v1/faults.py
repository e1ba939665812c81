"""What aiohttp itself refuses below `/v1`, in the chat page's API and on the paths of users: unknown paths, other methods."""

from __future__ import annotations

from collections.abc import Collection

from aiohttp import web
from aiohttp.typedefs import Middleware

from ses.gateway.http.envelope import Handler
from ses.gateway.v1.routes import FLAT_BELOW


def flat_faults(paths: Collection[str]) -> Middleware:
    """A middleware that answers with the flat object on these paths and everywhere below `FLAT_BELOW`."""

    @web.middleware
    async def faults(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(FLAT_BELOW) and request.path not in paths:
            return await handler(request)
        try:
            return await handler(request)
        except web.HTTPException as error:
            from ses.gateway.v1.errors import TEXTS, V1Error

            if error.status < 400 or error.status not in TEXTS:
                raise
            kept = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return V1Error(error.status, headers=kept).response()

    return faults
