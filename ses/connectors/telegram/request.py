"""python-telegram-bot's requests over aiohttp, which the daemon has loaded anyway: a fraction of the time of its default
(httpx), and no address with the token in anybody's log."""

from __future__ import annotations

from typing import Any

import aiohttp
import msgspec
import structlog
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


STALLED = 5
"""Calls in a row without an answer after which the connections are made anew."""

log = structlog.get_logger("ses.connectors.telegram")
_decode = msgspec.json.Decoder().decode


class Unsent(NetworkError):
    """The request did not leave this machine: nothing was done by it."""


class _Pool:
    """Connections, and how many calls use them."""

    def __init__(self, connections: int, agent: str) -> None:
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ttl_dns_cache=60), headers={"User-Agent": agent}
        )
        self.calls = 0
        self.retired = False

    async def close_unused(self) -> None:
        if self.retired and not self.calls:
            await self.session.close()


class AiohttpRequest(BaseRequest):
    """Connections to the Bot API, thrown away and made anew when too many calls in a row got no answer."""

    __slots__ = ("_connections", "_pool", "_unanswered", "renewed")

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._pool: _Pool | None = None
        self._unanswered = 0
        self.renewed = 0
        """How often the connections were made anew."""

    @property
    def read_timeout(self) -> float:
        return READ

    async def initialize(self) -> None:
        if self._pool is None:
            self._pool = _Pool(self._connections, self.USER_AGENT)

    async def shutdown(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.session.close()

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
        pool = self._pool
        if pool is None:
            raise Unsent("The connection to Telegram is closed")
        read = READ if read_timeout is BaseRequest.DEFAULT_NONE else read_timeout or READ
        data: Any = None
        headers = {}
        if request_data is not None and request_data.contains_files:
            read = max(read, UPLOAD)
            data = _form(request_data)
        elif request_data is not None:
            data = msgspec.json.encode(request_data.parameters)
            headers["Content-Type"] = "application/json"
        timeout = aiohttp.ClientTimeout(total=CONNECT + read, connect=CONNECT)
        pool.calls += 1
        try:
            answer = await _answered(
                pool.session.request(method, url, data=data, headers=headers, timeout=timeout)
            )
        except NetworkError:
            self._unanswered += 1
            if self._unanswered >= STALLED and pool is self._pool:
                self._renew(pool)
            raise
        finally:
            pool.calls -= 1
            await pool.close_unused()
        self._unanswered = 0
        return answer

    def _renew(self, pool: _Pool) -> None:
        """Calls that still wait for an answer keep their connections until they are done."""
        log.warning("Telegram does not answer; its connections are made anew", after=self._unanswered)
        pool.retired = True
        self._unanswered = 0
        self.renewed += 1
        self._pool = _Pool(self._connections, self.USER_AGENT)

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


async def _answered(request: Any) -> tuple[int, bytes]:
    """Status and body. Raises as `do_request`."""
    try:
        async with request as answer:
            return answer.status, await answer.read()
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise Unsent(f"Telegram cannot be reached: {_said(error)}") from None
    except (TimeoutError, aiohttp.ServerTimeoutError):
        raise TimedOut("Telegram did not answer in time") from None
    except (aiohttp.ClientError, OSError) as error:
        raise Interrupted(f"The connection to Telegram broke: {_said(error)}") from None


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
