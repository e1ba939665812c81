"""The page's `/v1` where the model is elsewhere: two methods are handed on to it, under the key that the server keeps or under
the visitor's own token.

The address is the administrator's, like those of `llm.servers`; redirects are not followed, so no answer leads anywhere else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
from aiohttp import web

from ses.clock import Clock
from ses.gateway.chat.auth import key_refused
from ses.gateway.chat.model_allow_list import ModelAllowList
from ses.gateway.http.access import is_local
from ses.gateway.http.envelope import HARDENED
from ses.gateway.v1.auth import NOBODY, Principal, bearer_token, check_page
from ses.gateway.v1.errors import V1Error, unavailable, unknown_model, wrong_token
from ses.gateway.v1.handler import V1Call
from ses.gateway.v1.sse import Events

CONNECT = 10.0
SILENCE = 600.0
"""Seconds without a byte of an answer, after which nobody waits for it."""
LARGEST = 32 << 20
"""Bytes of an answer that does not stream."""
KNOWN_FOR = 60.0
"""Seconds until the server is asked again whether it wants tokens."""
BROKEN = (aiohttp.ClientError, OSError, TimeoutError)


class _Listed(msgspec.Struct):
    id: str
    max_model_len: int | None = None


class _List(msgspec.Struct):
    data: list[_Listed] = []


class Relay:
    def __init__(self, url: str, key: str, allow_list: ModelAllowList, clock: Clock) -> None:
        """`url` with or without `/v1`. `key` may be empty."""
        self._url = f"{url.removesuffix('/').removesuffix('/v1')}/v1"
        self._key = key
        self._allow_list = allow_list
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._wants_tokens: tuple[bool, float] | None = None
        """Whether the server refuses who shows none, and when that was seen."""

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def code_principal(self) -> Principal:
        """Who has the code goes with the server's key."""
        return Principal(token=self._key)

    async def authenticate(self, request: web.Request) -> Principal:
        """The others: the server judges their tokens. If it judges none, it is for this machine only."""
        check_page(request)
        token = bearer_token(request)
        if is_local(request):
            return Principal(token=token) if token else NOBODY
        if not token:
            raise wrong_token()
        if not await self._judges():
            raise V1Error(403)
        return Principal(token=token)

    async def models(self, call: V1Call) -> web.StreamResponse:
        """`GET /v1/models`: what the server lists; what the rules name, if it does not tell."""
        async with self._request("GET", "/models", call.principal.token) as response:
            if response.status in (401, 403):
                raise self._refused(call)
            listed = await _list(response)
        known = {one.id: one.max_model_len for one in listed.data}
        names = self._allow_list.allowed(list(known)) if known else self._allow_list.named
        data = [
            {"id": name, "object": "model", "created": 0, "owned_by": "", "max_model_len": known.get(name)}
            for name in names
        ]
        return _json(200, msgspec.json.encode({"object": "list", "data": data}))

    async def chat(self, call: V1Call) -> web.StreamResponse:
        """`POST /v1/chat/completions`"""
        sent = await call.json()
        model = sent.get("model") if isinstance(sent, dict) else None
        if not isinstance(model, str) or not self._allow_list.allowed([model]):
            raise unknown_model(str(model), 404)
        async with self._request("POST", "/chat/completions", call.principal.token, call.raw) as response:
            if response.status in (401, 403):
                raise self._refused(call)
            if response.content_type == "text/event-stream":
                return await _streamed(call.request, response)
            return _json(response.status, await _read_whole(response))

    def _refused(self, call: V1Call) -> V1Error:
        return wrong_token() if bearer_token(call.request) or not call.principal.token else key_refused()

    async def _judges(self) -> bool:
        now = self._clock.monotonic()
        if self._wants_tokens is None or now - self._wants_tokens[1] > KNOWN_FOR:
            async with self._request("GET", "/models", "") as response:
                self._wants_tokens = (response.status in (401, 403), now)
        return self._wants_tokens[0]

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, token: str, body: bytes | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Raises 503 when the server cannot be reached or sends elsewhere."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            response = await self._client().request(
                method, f"{self._url}{path}", data=body, headers=headers, allow_redirects=False
            )
        except (*BROKEN, ValueError):  # a token that cannot stand in a header
            raise unavailable() from None
        async with response:
            if 300 <= response.status < 400:
                raise unavailable()
            yield response

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=SILENCE),
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


async def _list(response: aiohttp.ClientResponse) -> _List:
    """Nothing of a server that has no list."""
    if response.status in (404, 405, 501):
        return _List()
    if response.status != 200:
        raise unavailable()
    try:
        return msgspec.json.decode(await _read_whole(response), type=_List)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise unavailable() from None


async def _read_whole(response: aiohttp.ClientResponse) -> bytes:
    """Raises 503 for what is too large, breaks off or is no JSON."""
    pieces, size = [], 0
    try:
        async for piece in response.content.iter_any():
            size += len(piece)
            if size > LARGEST:
                raise unavailable()
            pieces.append(piece)
    except BROKEN:
        raise unavailable() from None
    if not response.content_type.endswith("json"):
        raise unavailable()
    return b"".join(pieces)


async def _streamed(request: web.Request, response: aiohttp.ClientResponse) -> web.StreamResponse:
    events = Events(request)
    await events.open()
    pieces = response.content.iter_any()
    while True:
        try:
            piece = await anext(pieces, None)
        except BROKEN:
            return await events.fail(unavailable())
        if piece is None:
            await events.response.write_eof()
            return events.response
        await events.response.write(piece)


def _json(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json", headers=HARDENED)
