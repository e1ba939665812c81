"""What the user methods take: urlencoded forms."""

from __future__ import annotations

from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ses.gateway.v1.bodies import read
from ses.gateway.v1.errors import V1Error

FORM_LIMIT = 65_536
"""Bytes of a form."""
URLENCODED = "application/x-www-form-urlencoded"

Form = TypeVar("Form", bound=BaseModel)


def _address(text: str) -> str:
    name, at, host = text.partition("@")
    if not (name and at and host) or not text.isprintable() or " " in text:
        raise ValueError("must be an e-mail address")
    return text


class RequestModel(BaseModel):
    model_config = ConfigDict(defer_build=True)


Email = Annotated[str, Field(min_length=3, max_length=320), AfterValidator(_address)]


class LoginForm(RequestModel):
    username: Annotated[str, Field(min_length=1, max_length=320)]
    """The e-mail address."""
    password: Annotated[str, Field(min_length=1, max_length=1024)]


class NewUserForm(RequestModel):
    email: Email
    password: Annotated[str, Field(min_length=1, max_length=1024)]
    expire: int = 30
    """Days; below 0 an expired user."""
    privileged: bool = False
    """May administer users."""


class EmailForm(RequestModel):
    email: Annotated[str, Field(min_length=1, max_length=320)]


class TokenForm(RequestModel):
    token: Annotated[str, Field(min_length=1, max_length=1024)]


async def read_form(request: web.Request, model: type[Form]) -> Form:
    """Raises 415, 413, and 422 with the first wrong field in `param`."""
    if request.content_type != URLENCODED:
        raise V1Error(415)
    raw = await read(request, FORM_LIMIT)
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=100, errors="strict")
    except ValueError:
        raise V1Error(422) from None
    return checked(model, dict(pairs))


def checked(model: type[Form], fields: dict[str, str]) -> Form:
    """Raises 422."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise V1Error(422, param=str(error.errors()[0]["loc"][0])) from None
