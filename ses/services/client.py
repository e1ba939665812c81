"""The one client of the six services: pooled connections, time-outs, retries, a circuit breaker, typed errors."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from ses.clock import Clock
from ses.errors import StepError
from ses.services.circuit_breaker import CircuitBreaker
from ses.services.fields import AnswerFields
from ses.services.settings import ServiceSettings
from ses.services.transport import (
    TRANSPORT_ERRORS,
    Observer,
    OwnSite,
    RawReply,
    Unobserved,
    as_step_error,
    json_body,
    media_type,
    read_limited,
)

ANSWER_LIMIT = 16 << 20
"""Bytes of an answer that are read at most: synthesised speech is the longest."""
RETRIED_STATUSES = frozenset({502, 503, 504})
RETRY_PAUSE = 0.1
"""Seconds before the second and last attempt of a call that changes nothing."""


class ServiceClient:
    """Calls methods of one service. Sessions are opened at the first call, inside the running loop."""

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        *,
        clock: Clock,
        observer: Observer | None = None,
        own_site: OwnSite | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.fields = AnswerFields(name, settings.fields)
        self.breaker = CircuitBreaker(clock)
        self._clock = clock
        self._observer: Observer = observer or Unobserved()
        self._own_site = own_site
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def data(self, path: str, **call: Any) -> dict[str, Any]:
        """The JSON object a method answers; `error` other than 0 is raised. Arguments as of `call`."""
        reply = await self.call(path, **call)
        return self.fields.checked_object(reply.body, reply.status)

    async def call(
        self,
        path: str,
        *,
        method: str = "POST",
        path_params: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        json: Any = None,
        parts: Mapping[str, str | bytes] | None = None,
        idempotent: bool = True,
    ) -> RawReply:
        """Call the method at `path` (`/classify/{model}`, filled from `path_params`); `parts` go as a multipart form.

        A call that changes nothing (`idempotent`) is tried twice when the connection fails. Raises `StepError`
        of kind connect, timeout, status or malformed.
        """
        waiting = self.breaker.wait()
        if waiting:
            raise StepError(
                "connect",
                f"{self.name} keeps failing and is not asked again for {waiting:.0f} s",
                service=self.name,
            )
        url = self._url(path, path_params or {}, query or {})
        started = self._clock.monotonic()
        outcome = "cancelled"
        try:
            reply = await self._attempts(method, url, json, parts, attempts=2 if idempotent else 1)
        except StepError as error:
            outcome = error.kind
            down = error.kind in {"connect", "timeout"} or (error.status or 0) >= 500
            (self.breaker.failed if down else self.breaker.succeeded)()
            raise
        else:
            outcome = "ok"
            self.breaker.succeeded()
            return reply
        finally:
            self._observer.called(self.name, self._clock.monotonic() - started, outcome)

    def _url(self, path: str, path_params: Mapping[str, str], query: Mapping[str, str]) -> str:
        filled = path.format_map({name: quote(value, safe="") for name, value in path_params.items()})
        return self.settings.url.rstrip("/") + filled + (f"?{urlencode(query)}" if query else "")

    async def _attempts(
        self, method: str, url: str, json: Any, parts: Mapping[str, str | bytes] | None, *, attempts: int
    ) -> RawReply:
        for left in reversed(range(attempts)):
            try:
                return await self._exchange(method, url, json, parts)
            except StepError as error:
                if not left or not (error.kind == "connect" or error.status in RETRIED_STATUSES):
                    raise
                await self._clock.sleep(RETRY_PAUSE)
        raise AssertionError("at least one attempt is made")

    async def _exchange(
        self, method: str, url: str, json: Any, parts: Mapping[str, str | bytes] | None
    ) -> RawReply:
        body = json_body(json, self.name) if json is not None else b""
        content_type = "application/json" if json is not None else ""
        try:
            async with asyncio.timeout(self.settings.connect + self.settings.read):
                if self._own_site is not None and self._own_site.serves(url):
                    if parts is not None:  # an emulation's rules read the fields of a form; files they do not
                        fields = {name: value for name, value in parts.items() if isinstance(value, str)}
                        content_type, body = "application/json", json_body(fields, self.name)
                    reply = await self._own_site.answer(method, url, content_type, body)
                else:
                    reply = await self._over_the_network(method, url, content_type, body, parts)
        except TRANSPORT_ERRORS as error:
            raise as_step_error(error, self.name, self.name) from error
        if reply.status >= 400:
            raise StepError(
                "status", f"{self.name} answered {reply.status}", service=self.name, status=reply.status
            )
        return reply

    async def _over_the_network(
        self,
        method: str,
        url: str,
        content_type: str,
        body: bytes,
        parts: Mapping[str, str | bytes] | None,
    ) -> RawReply:
        data: Any = body or None
        if parts is not None:
            data = aiohttp.FormData()
            for field, value in parts.items():
                if isinstance(value, bytes):  # audio, as a file that is sent piece by piece
                    data.add_field(field, io.BytesIO(value), filename=field)
                else:
                    data.add_field(field, value)
        headers = {"Content-Type": content_type} if content_type else {}
        async with self._opened().request(
            # `_url` has quoted what needs it; doing so twice would change it.
            method,
            URL(url, encoded=True),
            data=data,
            headers=headers,
            allow_redirects=False,
        ) as response:
            answer = await read_limited(response, ANSWER_LIMIT)
            if answer is None:
                raise StepError("malformed", f"{self.name} answered more than 16 MB", service=self.name)
            return RawReply(response.status, media_type(response.headers), answer)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(
                total=None, sock_connect=self.settings.connect, sock_read=self.settings.read
            )
            connector = aiohttp.TCPConnector(limit=64, ttl_dns_cache=60)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._session
