"""Calls of VK's API. vk-api is synchronous and makes one call at a time, so a few of its clients work in threads behind
one rate. What waits while the rate allows no call goes in one: VK's `execute` carries up to 25."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, NamedTuple

from vk_api import VkApiGroup

from ses.connectors.vk.client import TOO_OFTEN, CallFailed, call, client
from ses.connectors.vk.execute import AT_ONCE, execute
from ses.connectors.vk.rate_limit import RateLimit

SENDERS = 4
"""Threads: at 150 ms a call they reach VK's twenty calls a second."""
TOGETHER = frozenset(
    {"messages.send", "messages.edit", "messages.setActivity", "messages.sendMessageEventAnswer"}
)
"""What may go with others in one call: each is small, and its second copy does no harm."""
TEXT = 20_000
"""Characters that one `execute` carries at most, a single call apart: VK does not say how many it takes."""


@dataclass(slots=True)
class _Waiting:
    method: str
    values: Mapping[str, Any]
    future: asyncio.Future[Any]

    @property
    def size(self) -> int:
        return sum(len(value) for value in self.values.values() if isinstance(value, str))


class _Job(NamedTuple):
    work: Callable[[VkApiGroup], Any]
    done: Callable[[Any, Exception | None], None]
    """Called on the loop with what the work returned or raised."""


class Calls:
    """The senders of one community. Started with the first call; their threads end with the process or with `close`."""

    def __init__(self, token: str, api: str, rate_limit: RateLimit, *, senders: int = SENDERS) -> None:
        self._token = token
        self._api = api
        self.rate_limit = rate_limit
        self._senders = senders
        self._threads: list[threading.Thread] = []
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._waiting: deque[_Waiting] = deque()
        self._woken: asyncio.Handle | None = None
        """The next look at what waits."""
        self._running = 0
        """Jobs that are not done."""
        self._most = AT_ONCE
        """Calls in one; fewer after a failure of the whole, so that one that spoils it comes to stand alone."""

    async def call(self, method: str, **values: Any) -> Any:
        """The `response` of a call; values that are none are left out. Raises `CallFailed`."""
        loop = asyncio.get_running_loop()
        given = {name: value for name, value in values.items() if value is not None}
        waiting = _Waiting(method, given, loop.create_future())
        self._waiting.append(waiting)
        if self._woken is None:
            self._woken = loop.call_soon(self._send)  # what else is said in this round of the loop goes along
        return await waiting.future

    async def work(self, work: Callable[[VkApiGroup], Any]) -> Any:
        """Do something with a client in one of the threads, after `rate_limit.turn()`; what it returned or raised."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._put(work, lambda result, error: _settle(future, result, error))
        return await future

    def close(self) -> None:
        """Let the threads end when they have done what was asked."""
        if self._woken is not None:
            self._woken.cancel()
            self._woken = None
        for waiting in self._waiting:
            _settle(waiting.future, None, CallFailed(waiting.method, 0, "the connector was stopped"))
        self._waiting.clear()
        for _ in self._threads:
            self._jobs.put(None)
        self._threads = []

    # --- on the loop -------------------------------------------------------------------------------------------------

    def _send(self) -> None:
        """Let go what waits, as far as rate and threads allow."""
        self._woken = None
        while self._waiting and self._running < self._senders:
            if self._waiting[0].future.done():  # nobody waits for it any more
                self._waiting.popleft()
                continue
            pause = self.rate_limit.at_once()
            if pause > 0:
                self._woken = asyncio.get_running_loop().call_later(pause, self._send)
                return
            self._let_go(self._taken())

    def _taken(self) -> list[_Waiting]:
        """What goes in the next call, in the order it was asked for."""
        first = self._waiting.popleft()
        together, size = [first], first.size
        while first.method in TOGETHER and self._waiting and len(together) < self._most:
            following = self._waiting[0]
            if following.method not in TOGETHER or size + following.size > TEXT:
                break
            self._waiting.popleft()
            if not following.future.done():
                together.append(following)
                size += following.size
        return together

    def _let_go(self, together: list[_Waiting]) -> None:
        if len(together) == 1:
            (alone,) = together
            self._put(
                lambda api: call(api, alone.method, alone.values),
                lambda result, error: self._answered(alone, result, error),
            )
            return
        batch = [(one.method, one.values) for one in together]
        self._put(
            lambda api: execute(api, batch),
            lambda results, error: self._all_answered(together, results, error),
        )

    def _answered(self, waiting: _Waiting, result: Any, error: Exception | None) -> None:
        if isinstance(error, CallFailed) and error.code in TOO_OFTEN:
            self.rate_limit.hold(1.0)
        _settle(waiting.future, result, error)

    def _all_answered(self, together: list[_Waiting], results: Any, error: Exception | None) -> None:
        if error is None:
            self._most = min(AT_ONCE, 2 * self._most)
        elif not (isinstance(error, CallFailed) and error.code):  # else the error is of no call in particular
            self._most = max(1, len(together) // 2)
        for number, waiting in enumerate(together):
            result = error if error is not None else results[number]
            if isinstance(result, Exception):
                self._answered(waiting, None, result)
            else:
                self._answered(waiting, result, None)

    # --- threads -----------------------------------------------------------------------------------------------------

    def _put(self, work: Callable[[VkApiGroup], Any], done: Callable[[Any, Exception | None], None]) -> None:
        loop = asyncio.get_running_loop()
        if self._running >= len(self._threads) < self._senders:
            name = f"vk-sender-{len(self._threads)}"
            thread = threading.Thread(target=self._run, args=(loop,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._running += 1
        self._jobs.put(_Job(work, done))

    def _done(self, job: _Job, result: Any, error: Exception | None) -> None:
        self._running -= 1
        job.done(result, error)
        if self._waiting and self._woken is None:
            self._send()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        api = client(self._token, self._api)
        while (job := self._jobs.get()) is not None:
            result, error = None, None
            try:
                result = job.work(api)
            except Exception as problem:  # noqa: BLE001  it is raised where the work was asked for
                error = problem
            with suppress(RuntimeError):  # the loop is gone, and whoever waited with it
                loop.call_soon_threadsafe(self._done, job, result, error)
        api.http.close()


def _settle(future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
