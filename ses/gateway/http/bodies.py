"""Reads JSON bodies into pydantic models; what is wrong with one is said in one line that names every field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web
from pydantic import BaseModel, ValidationError

from ses.gateway.http.envelope import ApiError
from ses.nearest import nearest

SHOWN_ERRORS = 10
SHOWN_CHARACTERS = 200


async def read_body(request: web.Request, model: type[BaseModel], *, optional: bool) -> BaseModel:
    """The body as `model`. Raises 415 (not JSON by its type), 413, 400 (not JSON) and 422 (not the model)."""
    raw = await request.read()
    if not raw and optional:
        return model()
    if request.content_type != "application/json" and not request.content_type.endswith("+json"):
        raise ApiError(415, "the body must be JSON, sent with `Content-Type: application/json`")
    charset = (request.charset or "utf-8").casefold().replace("_", "-")
    if charset not in {"utf-8", "utf8", "us-ascii", "ascii"}:
        raise ApiError(415, "JSON is sent as UTF-8")
    try:
        data = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, f"the body is not JSON: {str(error)[:SHOWN_CHARACTERS]}") from None
    except RecursionError:
        raise ApiError(400, "the body is nested too deeply") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ApiError(422, _in_one_line(error, model)) from None


def _in_one_line(error: ValidationError, model: type[BaseModel]) -> str:
    problems = error.errors(include_url=False, include_context=False)
    lines = [_problem_line(problem, model)[:SHOWN_CHARACTERS] for problem in problems[:SHOWN_ERRORS]]
    more = len(problems) - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more > 0 else "")


def _problem_line(problem: Mapping[str, Any], model: type[BaseModel]) -> str:
    field = _field_path(problem["loc"])
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"] and problem["type"] in {"model_type", "model_attributes_type"}:
        message = "the body must be a JSON object"
    if problem["type"] == "extra_forbidden":
        name = str(problem["loc"][-1])
        known = (
            [field.alias or key for key, field in model.model_fields.items()]
            if len(problem["loc"]) == 1
            else []
        )
        near = nearest(name, known)
        message = "unknown field" + (f"; did you mean `{near}`?" if near else "")
    return f"{field}: {message}" if field else message


_UNION_ARMS = frozenset({"constrained-str", "constrained-float"})


def _field_path(path: tuple[str | int, ...]) -> str:
    text = ""
    for part in path:
        if part in _UNION_ARMS or (isinstance(part, str) and part.startswith("function-")):
            continue  # pydantic's name for one arm of a union: no field of the body
        text += f"[{part}]" if isinstance(part, int) else f".{str(part)[:60]}" if text else str(part)[:60]
    return text
