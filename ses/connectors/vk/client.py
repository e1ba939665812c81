"""Calls of VK's API. vk-api is synchronous and makes one call at a time, so a few of its clients work in threads behind
one pace."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
import requests
import urllib3
from jconfig import MemoryConfig
from vk_api import VkApiGroup
from vk_api.exceptions import ApiError, ApiHttpError, VkApiError

from ses.connectors.vk.pace import Pace
from ses.errors import SesError

VERSION = "5.199"
SENDERS = 4
"""Threads: at 150 ms a call they reach VK's twenty calls a second."""
CONNECT, READ = 5.0, 20.0
"""Seconds."""
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": "gzip"}
WIRED = "https://api.vk.ru"
"""The address that vk-api knows."""
TOO_OFTEN = frozenset({6, 9, 29})
"""Too many calls a second, too much of the same, the day's allowance."""
PASSING = frozenset({1, 6, 9, 10, 29, 603})
"""Errors that are gone when the call is made again later: unknown, internal, too often."""
WRONG_TOKEN = frozenset({5, 27, 28})


class CallFailed(SesError):
    """A call was answered by an error or not at all. `code` is VK's, 0 when there was no answer."""

    def __init__(self, method: str, code: int, reason: str) -> None:
        super().__init__(f"{method}: {reason}" if not code else f"{method}: error {code}, {reason}")
        self.method = method
        self.code = code

    @property
    def passing(self) -> bool:
        """It may succeed later."""
        return not self.code or self.code in PASSING


class _Answer(NamedTuple):
    """As much of requests' `Response` as vk-api looks at."""

    status_code: int
    data: bytes

    @property
    def ok(self) -> bool:
        return self.status_code < 400

    def json(self) -> Any:
        return msgspec.json.decode(self.data)


class _Session(requests.Session):
    """vk-api sets no timeouts and knows one address only; this puts both right. Calls of the API, which are nearly all,
    go straight to the library below requests: a third of the processor time."""

    def __init__(self, api: str) -> None:
        super().__init__()
        self._api = api
        pool: dict[str, Any] = {
            "timeout": urllib3.Timeout(connect=CONNECT, read=READ),
            "ca_certs": os.environ.get("REQUESTS_CA_BUNDLE") or requests.utils.DEFAULT_CA_BUNDLE_PATH,
        }
        proxies = requests.utils.get_environ_proxies(api)
        proxy = requests.utils.select_proxy(api, proxies)
        self._pool = urllib3.ProxyManager(proxy, **pool) if proxy else urllib3.PoolManager(**pool)

    def post(self, url: Any, data: Any = None, json: Any = None, **given: Any) -> Any:
        if isinstance(url, str) and url.startswith(WIRED):
            return self._call(self._api + url.removeprefix(WIRED), data)
        given.setdefault("timeout", (CONNECT, READ))
        return super().post(url, data, json, **given)

    def _call(self, url: str, values: Mapping[str, Any]) -> _Answer:
        body = urlencode(
            {name: value for name, value in values.items() if value is not None}, doseq=True
        ).encode()
        answer = self._pool.request("POST", url, body=body, headers=FORM, retries=False)
        return _Answer(answer.status, answer.data)

    def close(self) -> None:
        self._pool.clear()
        super().close()


class _Client(VkApiGroup):  # type: ignore[misc]  # vk-api tells no types
    RPS_DELAY = 0.0  # `Pace` sees all clients of the token, this only one


def client(token: str, api: str) -> VkApiGroup:
    """A client that keeps nothing on disk and repeats nothing by itself."""
    made = _Client(token=token, session=_Session(api), api_version=VERSION, config=MemoryConfig)
    made.error_handlers.clear()  # among them one that sleeps, and calls itself again without end
    return made


def call(api: VkApiGroup, method: str, values: Mapping[str, Any]) -> Any:
    """Make one call in this thread; its `response`. Raises `CallFailed`, whose text holds neither token nor values."""
    try:
        return api.method(method, dict(values))
    except ApiError as error:
        reason = str(error.error.get("error_msg", ""))[:200]
        raise CallFailed(method, int(error.code), reason) from None
    except ApiHttpError as error:
        raise CallFailed(method, 0, f"HTTP status {error.response.status_code}") from None
    except VkApiError as error:
        raise CallFailed(method, 0, type(error).__name__) from None
    except (urllib3.exceptions.HTTPError, requests.RequestException, ValueError, KeyError) as error:
        # The text of a failed request may hold the address with its parameters; its kind says enough.
        raise CallFailed(method, 0, f"no answer ({type(error).__name__})") from None


class _Job(NamedTuple):
    work: Callable[[VkApiGroup], Any]
    future: asyncio.Future[Any]


class Calls:
    """The senders of one community. Started with the first call; their threads end with the process or with `close`."""

    def __init__(self, token: str, api: str, pace: Pace, *, senders: int = SENDERS) -> None:
        self._token = token
        self._api = api
        self.pace = pace
        self._senders = senders
        self._threads: list[threading.Thread] = []
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()

    async def call(self, method: str, **values: Any) -> Any:
        """The `response` of a call; values that are none are left out. Raises `CallFailed`."""
        given = {name: value for name, value in values.items() if value is not None}
        await self.pace.turn()
        try:
            return await self.work(lambda api: call(api, method, given))
        except CallFailed as failure:
            if failure.code in TOO_OFTEN:
                self.pace.hold(1.0)
            raise

    async def work(self, work: Callable[[VkApiGroup], Any]) -> Any:
        """Do something with a client in one of the threads; what it returned or raised."""
        loop = asyncio.get_running_loop()
        if len(self._threads) < self._senders:
            name = f"vk-sender-{len(self._threads)}"
            thread = threading.Thread(target=self._run, args=(loop,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        future: asyncio.Future[Any] = loop.create_future()
        self._jobs.put(_Job(work, future))
        return await future

    def close(self) -> None:
        """Let the threads end when they have done what was asked."""
        for _ in self._threads:
            self._jobs.put(None)
        self._threads = []

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        api = client(self._token, self._api)
        while (job := self._jobs.get()) is not None:
            result, error = None, None
            try:
                result = job.work(api)
            except Exception as problem:  # noqa: BLE001  it is raised where the work was asked for
                error = problem
            with suppress(RuntimeError):  # the loop is gone, and whoever waited with it
                loop.call_soon_threadsafe(_settle, job.future, result, error)
        api.http.close()


def _settle(future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
