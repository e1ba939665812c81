"""Authors' `http` steps: calls to any system, kept away from the ones that a robot has no business with."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlencode

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver
from yarl import URL

from ses.clock import Clock
from ses.errors import StepError
from ses.flow.backoff import Backoff
from ses.services.address_rules import AddressRules, GuardedResolver
from ses.services.answers import HttpReply, HttpRequest
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

BODY_LIMIT = 5 << 20
"""Bytes of an answer."""
DOWNLOAD = 60.0
"""Seconds for a file."""
REDIRECTS = 5
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 2.0
"""Seconds between two attempts."""
BOUND_TO_HOST = frozenset({"authorization", "cookie", "x-api-key"})
"""Headers that do not follow a redirect to another host."""


class OutboundHttp:
    """Sends `HttpRequest`s."""

    def __init__(
        self,
        rules: AddressRules,
        *,
        clock: Clock,
        observer: Observer | None = None,
        own_site: OwnSite | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._observer: Observer = observer or Unobserved()
        self._own_site = own_site
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, request: HttpRequest) -> HttpReply:
        """The answer with status < 400. A call that failed to arrive, timed out, or was answered 429 or 5xx is
        tried `request.retry` times more under the same key.

        Raises `StepError` of kind connect, timeout, status, malformed, denied or value.
        """
        pauses = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        for left in reversed(range(request.retry + 1)):
            started = self._clock.monotonic()
            outcome = "cancelled"
            try:
                reply = await self._attempt(request)
            except StepError as error:
                outcome = error.kind
                again = (
                    error.kind in {"connect", "timeout"} or error.status == 429 or (error.status or 0) >= 500
                )
                if not left or not again:
                    raise
            else:
                outcome = "ok"
                return reply
            finally:
                self._observer.called("http", self._clock.monotonic() - started, outcome)
            await self._clock.sleep(pauses.next())
        raise AssertionError("at least one attempt is made")

    async def download(self, url: str, limit: int) -> bytes:
        """The body of at most `limit` bytes at an address that came from outside, under the same rules as a step's.
        What fails to arrive is asked for twice. Raises `StepError`."""
        for left in (1, 0):
            try:
                return await self._downloaded(url, limit)
            except StepError as error:
                if not left or not (error.kind in {"connect", "timeout"} or (error.status or 0) >= 500):
                    raise
            await self._clock.sleep(FIRST_PAUSE)
        raise AssertionError("two attempts are made")

    async def _downloaded(self, address: str, limit: int) -> bytes:
        try:
            url = URL(address)
            host = url.host or ""
        except ValueError as error:
            raise StepError("value", "the address of a file is not a URL", service="http") from error
        started, outcome = self._clock.monotonic(), "failed"
        try:
            async with asyncio.timeout(DOWNLOAD):
                reply = await self._follow("GET", url, {}, b"", limit)
            outcome = "ok"
        except TRANSPORT_ERRORS as error:
            raise as_step_error(error, "http", host) from error
        finally:
            self._observer.called("download", self._clock.monotonic() - started, outcome)
        if reply.status >= 400:
            raise StepError("status", f"{host} answered {reply.status}", service="http", status=reply.status)
        return reply.body

    async def _attempt(self, request: HttpRequest) -> HttpReply:
        try:
            url = URL(request.url)
            host = url.host or ""
        except ValueError as error:
            raise StepError("value", "the step's address is not a URL", service="http") from error
        body, headers = _encoded(request)
        try:
            async with asyncio.timeout(request.timeout):
                reply = await self._follow(request.method.upper(), url, headers, body)
        except TRANSPORT_ERRORS as error:
            raise as_step_error(error, "http", host) from error
        except ValueError as error:  # a line break in a header and the like
            raise StepError(
                "value", f"the call to {host} cannot be written as HTTP", service="http"
            ) from error
        if reply.status >= 400:
            raise StepError("status", f"{host} answered {reply.status}", service="http", status=reply.status)
        return HttpReply(status=reply.status, body=_parsed(reply, host))

    async def _follow(
        self, method: str, url: URL, headers: dict[str, str], body: bytes, limit: int = BODY_LIMIT
    ) -> RawReply:
        for _ in range(REDIRECTS + 1):
            if self._own_site is not None and self._own_site.serves(str(url)):
                return await self._own_site.answer(method, str(url), headers.get("Content-Type", ""), body)
            self._rules.check_url(url)
            async with self._opened().request(
                method, url, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                location = response.headers.get("Location")
                if response.status not in {301, 302, 303, 307, 308} or not location:
                    content = await read_limited(response, limit)
                    if content is None:
                        raise StepError(
                            "malformed", f"{url.host} answered more than {limit >> 20} MB", service="http"
                        )
                    return RawReply(response.status, media_type(response.headers), content)
                target = url.join(URL(location))
                self._rules.check_url(target)
            if response.status == 303 or (response.status in {301, 302} and method == "POST"):
                method, body = "GET", b""
                headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
            if target.origin() != url.origin():
                headers = {
                    name: value for name, value in headers.items() if name.lower() not in BOUND_TO_HOST
                }
            url = target
        raise StepError("status", f"{url.host} redirects without end", service="http", status=310)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = GuardedResolver(self._rules, self._resolver or aiohttp.ThreadedResolver())
            connector = aiohttp.TCPConnector(
                resolver=resolver, limit=100, limit_per_host=20, family=socket.AF_UNSPEC, ttl_dns_cache=30
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


def _encoded(request: HttpRequest) -> tuple[bytes, dict[str, str]]:
    headers = dict(request.headers)
    given = {name.lower() for name in headers}
    body, content_type = b"", ""
    if request.json is not msgspec.UNSET:
        body, content_type = json_body(request.json, "http"), "application/json"
    elif request.form is not None:
        body, content_type = urlencode(request.form).encode(), "application/x-www-form-urlencoded"
    if content_type and "content-type" not in given:
        headers["Content-Type"] = content_type
    if request.key and "idempotency-key" not in given:
        headers["Idempotency-Key"] = request.key
    return body, headers


def _parsed(reply: RawReply, host: str) -> object:
    """The JSON value, else the text; an answer that says it is JSON and is not is malformed."""
    if not reply.body:
        return ""
    try:
        return msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if reply.content_type == "application/json" or reply.content_type.endswith("+json"):
            raise StepError(
                "malformed", f"{host} did not answer the JSON it announced", service="http"
            ) from error
    return reply.body.decode("utf-8", errors="replace")
