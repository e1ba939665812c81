"""Reads a request's JSON and its fields; what is wrong is told in pydantic's own words, as vLLM's server does."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, TypeVar

import msgspec
from aiohttp import web
from pydantic import BaseModel, ValidationError

from ses.gateway.v1.errors import CUT, V1Error

BODY_WAIT = 60.0
"""Seconds a sender has for a body."""
SHOWN_ERRORS = 10

Body = TypeVar("Body", bound=BaseModel)


async def read(request: web.Request, limit: int) -> bytes:
    """The body's bytes. Raises 413 beyond `limit` bytes and 408 for one that does not arrive."""
    if (request.content_length or 0) > limit:
        raise V1Error(413)
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_WAIT):
            async for piece in request.content.iter_any():
                size += len(piece)
                if size > limit:
                    raise V1Error(413)
                pieces.append(piece)
    except TimeoutError:
        raise V1Error(408) from None
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def decoded(request: web.Request, raw: bytes) -> Any:
    """The body's value. Raises 415 for another content type and 400 for what is not JSON."""
    if request.content_type != "application/json" and not request.content_type.endswith("+json"):
        raise V1Error(415)
    if (request.charset or "utf-8").casefold().replace("_", "-") not in {
        "utf-8",
        "utf8",
        "us-ascii",
        "ascii",
    }:
        raise V1Error(415)
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise listed([_not_json(raw, error)]) from None


def validated(model: type[Body], data: Any) -> Body:
    """The body as `model`. Raises 400 with every wrong field."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise listed([_shown(dict(one)) for one in found[:SHOWN_ERRORS]]) from None


def listed(errors: list[dict[str, Any]]) -> V1Error:
    return V1Error(400, str(errors))


def _shown(error: dict[str, Any]) -> dict[str, Any]:
    error["loc"] = ("body", *error["loc"])
    if len(written := repr(error["input"])) > CUT:
        error["input"] = f"{written[:CUT]}…"
    if "ctx" in error:  # exceptions in it are no literals
        error["ctx"] = {
            key: value if isinstance(value, int | float | str) else str(value)
            for key, value in error["ctx"].items()
        }
    return error


def _not_json(raw: bytes, fault: Exception) -> dict[str, Any]:
    """The standard library tells position and reason as other gateways do."""
    position, reason = 0, "Expecting value"
    try:
        json.loads(raw.decode())
    except json.JSONDecodeError as error:
        position, reason = error.pos, error.msg
    except UnicodeDecodeError as error:
        position, reason = error.start, "Invalid UTF-8"
    except RecursionError:
        reason = "Nested too deeply"
    else:  # it admits more than JSON does: NaN, lone surrogates
        if found := re.search(r"byte (\d+)", str(fault)):
            position = int(found[1])
    return {
        "type": "json_invalid",
        "loc": ("body", position),
        "msg": "JSON decode error",
        "input": {},
        "ctx": {"error": reason},
    }
