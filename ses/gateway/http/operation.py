"""One method of the API: what it is called, who may call it, what it takes and answers. The routes and the OpenAPI
document are both made of these, so neither can know a method that the other does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from ses.gateway.http.access import ANONYMOUS, Access, Caller, Scope, check_browser
from ses.gateway.http.bodies import read_body
from ses.gateway.http.envelope import ApiError, Handler
from ses.gateway.http.schemas import Failed

BODY_WAIT = 30.0
"""Seconds a sender has for a body."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose sender may make it and whose body is as it should be."""

    request: web.Request
    caller: Caller
    body: Any
    """An instance of the operation's model; none when it takes no body."""

    def path_parameter(self, name: str) -> str:
        return self.request.match_info[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One documented method."""

    method: str
    """`*`: any."""
    path: str
    summary: str
    handler: Callable[[Call], Awaitable[web.StreamResponse]]
    scope: Scope | None
    """None: needs no key even where keys are configured."""
    local: bool = False
    """A program on this machine needs no key."""
    body: type[BaseModel] | None = None
    body_optional: bool = False
    takes: str = "application/json"
    """Content type of the body."""
    answer: type[BaseModel] | None = None
    """Fields of a success; none: not JSON of ours."""
    content: str = "application/json"
    """Content type of a success."""
    failures: Sequence[int] = ()
    """Statuses of failures it may answer beside those of access and of bodies."""
    failed: type[BaseModel] = Failed
    """Fields of a failure."""
    own_rules: bool = False
    """It follows a protocol of its own: its handler sees to access, to the body and to failures, and `failures` are all of them."""
    tag: str = "robots"
    page: bool = False
    """A page or a document for people, which a link of another site may lead to."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What the variable parts of `path` are."""
    in_full: Callable[[], Operation] | None = None
    """Gives the whole description to who documents the API, where routes are known before what serves them."""
    query: Mapping[str, str] = field(default_factory=dict)
    """What it needs behind the `?`."""


def serve(operation: Operation, access: Access) -> Handler:
    """The aiohttp handler of an operation."""

    async def pass_on(request: web.Request) -> web.StreamResponse:
        return await operation.handler(Call(request, ANONYMOUS, None))

    async def handle(request: web.Request) -> web.StreamResponse:
        check_browser(request, page=operation.page)
        caller = access.caller(request, operation.scope, local=operation.local)
        body = None
        if operation.body is not None:
            try:
                async with asyncio.timeout(BODY_WAIT):
                    body = await read_body(request, operation.body, optional=operation.body_optional)
            except TimeoutError:
                raise ApiError(408, f"the body did not arrive within {BODY_WAIT:.0f} s") from None
        return await operation.handler(Call(request, caller, body))

    return pass_on if operation.own_rules else handle
