"""The paths below `/chat`: the page and its files, its settings, the session of the code, and its own `/v1`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import msgspec
import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from ses.client_address import client_address
from ses.gateway.chat.model_allow_list import ModelAllowList
from ses.gateway.chat.page import Pages, Trouble
from ses.gateway.chat.sessions import CodeSessions, set_cookie
from ses.gateway.http.envelope import HARDENED
from ses.gateway.http.login_rate_limit import LoginRateLimit
from ses.gateway.http.operation import Call, Operation
from ses.gateway.v1.auth import check_page
from ses.gateway.v1.bodies import decoded, read, validated
from ses.gateway.v1.errors import FlatError, V1Error

log = structlog.get_logger("ses.gateway.chat")

FORM_LIMIT = 16_384
"""Bytes of a body with a code."""


class CodeBody(BaseModel):
    model_config = ConfigDict(defer_build=True)

    code: str = Field(min_length=1, max_length=1024)
    """One of `gateway.chat.code`."""


class ChatSettings(BaseModel):
    """What the page has to know before anybody signs in."""

    model_config = ConfigDict(defer_build=True)

    ways: list[str]
    """How one may sign in: `token`, `password`, `code`."""
    admitted: bool
    """This browser may use the model as it is."""
    default: str | None
    """The model of a new dialogue."""
    names: dict[str, str]
    """Model → what people call it, where that differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRules:
    ways: Sequence[str]
    """How one may sign in."""
    everybody: Callable[[web.Request], bool]
    """Whether the sender needs no sign-in."""
    trouble: Callable[[web.Request], Trouble | None]
    """Why there is no page for this request."""
    allow_list: ModelAllowList
    default: str | None = None
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = field(default=())


class ChatApi:
    """`model`: the two methods of `/v1` that the page uses, as operations of `/chat/v1`."""

    def __init__(
        self,
        rules: ChatRules,
        pages: Pages,
        sessions: CodeSessions,
        limit: LoginRateLimit,
        model: Sequence[Operation],
    ) -> None:
        self._rules = rules
        self._pages = pages
        self._sessions = sessions
        self._limit = limit
        self._model = model

    def operations(self) -> list[Operation]:
        page: dict[str, Any] = {"scope": None, "own_rules": True, "tag": "chat"}
        own = {**page, "failed": FlatError}
        return [
            Operation(
                method="GET",
                path="/chat",
                summary="The page in which people talk to the model",
                handler=self._page,
                content="text/html",
                failures=(403,),
                **page,
            ),
            Operation(
                method="GET",
                path="/chat/v-{version:[0-9a-f]+}/{file}",
                summary="Scripts and styles of the page",
                handler=self._file,
                content="*/*",
                failures=(404,),
                parameters={"version": "of all files together", "file": "a file's name"},
                **page,
            ),
            Operation(
                method="GET",
                path="/chat/settings",
                summary="How one signs in to the page, and what it offers",
                handler=self._flat(self._settings),
                answer=ChatSettings,
                failures=(403, 500),
                **own,
            ),
            Operation(
                method="POST",
                path="/chat/session",
                summary="Sign in by the code: the browser gets a cookie",
                handler=self._flat(self._sign_in),
                body=CodeBody,
                failures=(400, 401, 403, 408, 413, 415, 429, 500),
                **own,
            ),
            Operation(
                method="DELETE",
                path="/chat/session",
                summary="Sign out",
                handler=self._flat(self._sign_out),
                failures=(403, 500),
                **own,
            ),
            *self._model,
        ]

    def _flat(
        self, serve: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[Call], Awaitable[web.StreamResponse]]:
        async def handle(call: Call) -> web.StreamResponse:
            try:
                check_page(call.request)
                return await serve(call.request)
            except V1Error as error:
                return error.response()
            except ConnectionResetError:
                raise
            except Exception:
                log.exception("request_failed", path=call.request.path)
                return V1Error(500).response()

        return handle

    async def _page(self, call: Call) -> web.StreamResponse:
        return await self._pages.page(call.request, self._rules.trouble(call.request))

    async def _file(self, call: Call) -> web.StreamResponse:
        return await self._pages.file(
            call.request, call.path_parameter("version"), call.path_parameter("file")
        )

    async def _settings(self, request: web.Request) -> web.Response:
        rules = self._rules
        return _json(
            {
                "ways": list(rules.ways),
                "admitted": rules.everybody(request) or self._sessions.holds(request),
                "default": rules.default,
                "names": rules.allow_list.display_names,
            }
        )

    async def _sign_in(self, request: web.Request) -> web.Response:
        if not self._sessions.possible:
            raise V1Error(403)
        body = validated(CodeBody, decoded(request, await read(request, FORM_LIMIT)))
        address = client_address(request, self._rules.trusted_proxies)
        wait = self._limit.take(f"address {address}" if address else "chat, from behind a proxy")
        if wait:
            raise V1Error(429, headers={"Retry-After": str(max(1, round(wait)))})
        secret = self._sessions.begin(body.code)
        if secret is None:
            log.info("chat_code_refused", address=address)
            raise V1Error(401, "Wrong code")
        response = _json({})
        set_cookie(request, response, secret)
        return response

    async def _sign_out(self, request: web.Request) -> web.Response:
        self._sessions.end(request)
        response = _json({})
        set_cookie(request, response, None)
        return response


def _json(fields: dict[str, Any]) -> web.Response:
    return web.Response(body=msgspec.json.encode(fields), content_type="application/json", headers=HARDENED)
