"""Calls of MAX's Bot API: <https://dev.max.ru/docs-api>.

Own code, for there are client libraries: they repeat calls by themselves and keep the marker of the updates in memory,
and both must be known here; and the larger one costs eleven megabytes.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from ses.errors import SesError

CONNECT, READ, UPLOAD = 10.0, 20.0, 120.0
"""Seconds: for a connection, for an answer, for a file."""
CONNECTIONS = 32
NOT_READY = "attachment.not.ready"
"""The code of a file that MAX has and still works at."""

_decode = msgspec.json.Decoder().decode


class CallFailed(SesError):
    """A call was answered by an error, or not at all. The text holds neither token nor what was sent."""

    def __init__(
        self, call: str, status: int, code: str, reason: str, *, retry_after: float = 1.0, left: bool = True
    ) -> None:
        """`status`: of HTTP, 0 without an answer. `left`: the call may have reached MAX."""
        super().__init__(f"{call}: {status} {code}: {reason}" if status else f"{call}: {reason}")
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.left = left

    @property
    def wrong_token(self) -> bool:
        return self.status == 401

    @property
    def passing(self) -> bool:
        """It may succeed later."""
        return self.status in (0, 429) or self.status >= 500 or self.code == NOT_READY

    @property
    def doubtful(self) -> bool:
        """It may have been carried out though no answer came."""
        return (self.status == 0 and self.left) or self.status >= 500


class Client:
    """The calls of one bot."""

    def __init__(self, api: str, token: str, ca: Path | None = None) -> None:
        self._api = api
        self._headers = {"Authorization": token, "Accept": "application/json"}
        self._ca = ca
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        read: float = READ,
    ) -> Any:
        """The answer's object. `query`: values that are none are left out. Raises `CallFailed`."""
        name = f"{method} /{path.partition('/')[0]}"
        params = {key: str(value) for key, value in (query or {}).items() if value is not None}
        headers, data = self._headers, None
        if body is not None:
            headers, data = headers | {"Content-Type": "application/json"}, msgspec.json.encode(body)
        answered = await self._answered(
            name, method, f"{self._api}/{path}", read=read, params=params, data=data, headers=headers
        )
        return _object(name, answered)

    async def upload(self, kind: str, file: Path, name: str) -> str:
        """Hand over a file; the token by which messages name it. Raises `CallFailed`."""
        slot = await self.call("POST", "uploads", query={"type": kind})
        call = "upload"
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("data", await asyncio.to_thread(file.read_bytes), filename=name)
        try:
            url = slot["url"]
            answer = await self._answered(call, "POST", url, read=UPLOAD, data=form)
            if kind in ("video", "audio"):
                return str(slot["token"])
            given = _object(call, answer)
            return str(next(iter(given["photos"].values()))["token"] if kind == "image" else given["token"])
        except (KeyError, TypeError, AttributeError, StopIteration):
            raise CallFailed(call, 0, "", "an answer that is none", left=False) from None

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _answered(self, call: str, method: str, url: str, *, read: float, **given: Any) -> bytes:
        """The body of a good answer. Raises `CallFailed`."""
        timeout = aiohttp.ClientTimeout(total=CONNECT + read, connect=CONNECT)
        try:
            async with self._connections().request(method, url, timeout=timeout, **given) as response:
                content = await response.read()
                if response.status >= 400:
                    raise _refusal(call, response, content)
                return content
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            reason = f"MAX cannot be reached ({type(error).__name__})"
            raise CallFailed(call, 0, "", reason, left=False) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise CallFailed(call, 0, "", f"no answer ({type(error).__name__})") from None

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None:
            trusted = ssl.create_default_context()
            if self._ca is not None:
                trusted.load_verify_locations(cafile=self._ca)
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, ttl_dns_cache=60, ssl=trusted)
            self._session = aiohttp.ClientSession(connector=connector)
        return self._session


def _object(call: str, content: bytes) -> Any:
    try:
        answer = _decode(content)
    except msgspec.DecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise CallFailed(call, 0, "", "an answer that is none")
    if answer.get("success") is False:
        raise CallFailed(call, 400, "not.done", str(answer.get("message", ""))[:200])
    return answer


def _refusal(call: str, response: aiohttp.ClientResponse, content: bytes) -> CallFailed:
    try:
        told = _decode(content)
    except msgspec.DecodeError:
        told = None
    told = told if isinstance(told, dict) else {}
    pause = response.headers.get("Retry-After", "")
    return CallFailed(
        call,
        response.status,
        str(told.get("code", ""))[:60],
        str(told.get("message", ""))[:200],
        retry_after=float(pause) if pause.isdecimal() else 1.0,
    )
