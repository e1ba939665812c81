"""What every answer of the API looks like: `{"error": 0, "message": "success", …}`, or `{"error": 1, "message": …}`
with a real 4xx or 5xx status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import structlog
from aiohttp import web

from ses.connectors.contract import Refused
from ses.errors import SesError

log = structlog.get_logger("ses.gateway")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REFUSALS = {
    "flood": 429,
    "busy": 503,
    "too_large": 413,
    "too_long": 413,
    "malformed": 422,
    "internal": 503,
    "timeout": 504,
    "unknown_robot": 404,
    "unknown_addressee": 404,
    "unknown_event": 404,
    "ambiguous": 409,
    "conflict": 409,
    "quiet": 425,
    "gone": 410,
}
"""Status of each `Refused.code`."""
TEXTS = {
    404: "Not Found: /docs lists what there is",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "the body is larger than {limit} bytes",
}
SUCCESS = {"error": 0, "message": "success"}
HARDENED = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class ApiError(SesError):
    """A request that is refused; `message` is for its sender."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


def success(fields: Mapping[str, Any] | None = None) -> web.Response:
    """A 200 with these fields beside `error` and `message`, which no variable of a robot can replace."""
    return _json(200, {**SUCCESS, **(fields or {}), **SUCCESS})


def failure(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return _json(status, {"error": 1, "message": message}, headers)


def _json(status: int, data: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(data),
        content_type="application/json",
        headers={**HARDENED, **(headers or {})},
    )


@web.middleware
async def envelope(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives every failure its envelope; an unforeseen one is logged whole and told to nobody."""
    try:
        return await handler(request)
    except ApiError as error:
        return failure(error.status, str(error), error.headers)
    except Refused as error:
        wait = {} if error.retry_after is None else {"Retry-After": str(max(1, round(error.retry_after)))}
        return failure(REFUSALS.get(error.code, 503), str(error), wait)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        text = TEXTS.get(error.status, error.reason).format(limit=request.client_max_size)
        kept = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return failure(error.status, text, kept)
    except ConnectionResetError:
        raise  # the peer is gone, or an emulated fault: nobody is there to be answered
    except Exception:
        resource = request.match_info.route.resource
        log.exception("request_failed", method=request.method, path=resource and resource.canonical)
        return failure(500, "an error inside the daemon; its log says more")
