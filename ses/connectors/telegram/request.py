"""python-telegram-bot's requests over aiohttp, which the daemon has loaded anyway: a fraction of the time of its default
(httpx), and no address with the token in anybody's log."""

from __future__ import annotations

from typing import Any

import aiohttp
import msgspec
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

CONNECT = 10.0
"""Seconds to wait for a connection: a free one of the pool, or a new one."""
READ = 20.0
"""Seconds to wait for an answer."""
UPLOAD = 120.0
"""Seconds for a request that carries files."""


class Interrupted(NetworkError):
    """The connection broke after the request had gone: it may have been carried out."""


_decode = msgspec.json.Decoder().decode


class Unsent(NetworkError):
    """The request did not leave this machine: nothing was done by it."""


class AiohttpRequest(BaseRequest):
    """A pool of connections to the Bot API."""

    __slots__ = ("_connections", "_session")

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return READ

    async def initialize(self) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ttl_dns_cache=60),
                headers={"User-Agent": self.USER_AGENT},
                auto_decompress=True,
            )

    async def shutdown(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Raises `Unsent`, `TimedOut`, `Interrupted`."""
        session = self._session
        if session is None:
            raise Unsent("The connection to Telegram is closed")
        read = READ if read_timeout is BaseRequest.DEFAULT_NONE else read_timeout
        data: Any = None
        headers = {}
        if request_data is not None and request_data.contains_files:
            read = max(read or 0.0, UPLOAD)
            data = _form(request_data)
        elif request_data is not None:
            data = msgspec.json.encode(request_data.parameters)
            headers["Content-Type"] = "application/json"
        timeout = aiohttp.ClientTimeout(total=CONNECT + read if read else None, connect=CONNECT)
        try:
            async with session.request(method, url, data=data, headers=headers, timeout=timeout) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unsent(f"Telegram cannot be reached: {_said(error)}") from None
        except (TimeoutError, aiohttp.ServerTimeoutError):
            raise TimedOut("Telegram did not answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Interrupted(f"The connection to Telegram broke: {_said(error)}") from None

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        try:
            answer = _decode(payload)
        except msgspec.DecodeError:
            answer = None
        if not isinstance(answer, dict):
            # Without the answer's text: what a proxy says in Telegram's place may be long.
            raise TelegramError("The answer is not Telegram's")
        return answer


def _form(request_data: RequestData) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return form


def _said(error: BaseException) -> str:
    """What an error says, without the address, which holds the token."""
    inner = getattr(error, "os_error", None)
    return type(error).__name__ if inner is None else str(inner.strerror or type(inner).__name__)
