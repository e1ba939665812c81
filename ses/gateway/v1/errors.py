"""How `/v1` and the user methods fail: one flat object on every path; its texts are part of the API (`docs/gateway-errors.md`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from aiohttp import web
from pydantic import BaseModel, ConfigDict

from ses.errors import SesError
from ses.gateway.http.envelope import HARDENED
from ses.llm.errors import BadRequest, EngineError, EngineUnavailable, UnknownModel

TYPES = {
    400: "BadRequestError",
    401: "UnauthorizedError",
    403: "ForbiddenError",
    404: "NotFoundError",
    405: "MethodNotAllowedError",
    408: "RequestTimeoutError",
    409: "ConflictError",
    413: "RequestEntityTooLargeError",
    415: "UnsupportedMediaTypeError",
    422: "UnprocessableEntityError",
    429: "TooManyRequestsError",
    500: "InternalServerError",
    503: "ServiceUnavailableError",
}
TEXTS = {
    401: "UnauthorizedError: Wrong token",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "The server was unable to complete your request. Please try again later",
}
RETRY_AFTER = 5.0
"""Seconds, where nothing better is known."""
CUT = 200
"""Characters of a sender's value that an error repeats."""


class FlatError(BaseModel):
    """Any failure of `/v1` and of the user methods."""

    model_config = ConfigDict(defer_build=True)

    object: Literal["error"]
    message: str
    type: str
    param: str | None
    """In 422 the first bad field."""
    code: int
    """The status."""


class V1Error(SesError):
    """A request that is refused; `message` is for its sender, by default the text of its status."""

    def __init__(
        self,
        status: int,
        message: str | None = None,
        *,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message if message is not None else TEXTS[status])
        self.status = status
        self.param = param
        self.headers = headers or {}

    @property
    def fields(self) -> dict[str, Any]:
        return {
            "object": "error",
            "message": str(self),
            "type": TYPES.get(self.status, "Error"),
            "param": self.param,
            "code": self.status,
        }

    def response(self) -> web.Response:
        return web.Response(
            status=self.status,
            body=msgspec.json.encode(self.fields),
            content_type="application/json",
            headers={**HARDENED, **self.headers},
        )


def wrong_token() -> V1Error:
    return V1Error(401, headers={"WWW-Authenticate": "Bearer"})


def unavailable(retry_after: float = RETRY_AFTER) -> V1Error:
    return V1Error(503, headers={"Retry-After": str(max(1, round(retry_after)))})


def unknown_model(model: str, status: int) -> V1Error:
    return V1Error(status, f'The model "{cut(model)}" does not exist.')


def of_engine(error: EngineError, *, unknown: int) -> V1Error:
    """What the sender is told of an engine's failure; `unknown` is the status of an unknown model. (A context that is too
    long is `ses.gateway.v1.context`'s.)
    """
    if isinstance(error, EngineUnavailable):
        return unavailable(error.retry_after)
    if isinstance(error, UnknownModel):
        return unknown_model(error.model, unknown)
    if isinstance(error, BadRequest):
        return V1Error(400, str(error))
    return unavailable()


def cut(text: str) -> str:
    """What a sender wrote, as far as an error repeats it."""
    return text if len(text) <= CUT else f"{text[:CUT]}…"
