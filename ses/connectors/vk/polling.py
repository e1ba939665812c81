"""Bots Long Poll: one thread asks VK's server for news, again and again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple

import requests
import structlog

from ses.connectors.vk.client import CallFailed, call, client
from ses.connectors.vk.config import Settings
from ses.connectors.vk.wire import CONNECT
from ses.flow.backoff import Backoff

log = structlog.get_logger("ses.connectors")

WAIT = 25
"""Seconds that VK holds a call until there is news."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
"""Seconds between attempts while VK cannot be reached."""


class News(NamedTuple):
    """What one call brought."""

    updates: list[dict[str, Any]]
    ts: str
    """Where the next call begins."""
    failed: int = 0
    """1 and 3: VK has forgotten some events between this `ts` and the one before; 2: a new key was needed."""


class LongPoll:
    """VK's side of one poll: address, key and `ts`. Synchronous; used by one thread.

    vk-api's `VkBotLongPoll.check` does the same and hides which of the failures came, so that nobody could know of
    events that were missed.
    """

    def __init__(self, settings: Settings, ts: str, wait: int = WAIT) -> None:
        self._group_id = settings.group_id
        self._api = client(settings.token, settings.api)
        self._http = requests.Session()
        self._wait = wait
        self._server = ""
        self._key = ""
        self.ts = ts

    def check(self) -> News:
        """Wait for news. Raises `CallFailed`."""
        if not self._server:
            begun = bool(self.ts)
            self._renew(keep=begun)
            if not begun:
                return News([], self.ts)  # noted at once: what comes from here on is never missed
        answer = self._ask()
        failed = answer.get("failed", 0)
        if not failed:
            self.ts = str(answer["ts"])
            return News(list(answer["updates"]), self.ts)
        if failed == 1:
            self.ts = str(answer["ts"])
            return News([], self.ts, 1)
        self._renew(keep=failed == 2)
        return News([], self.ts, int(failed))

    def close(self) -> None:
        self._http.close()
        self._api.http.close()

    def _renew(self, *, keep: bool) -> None:
        """A new address and key; with `keep` the events go on from where they were."""
        server = call(self._api, "groups.getLongPollServer", {"group_id": self._group_id})
        self._server, self._key = str(server["server"]), str(server["key"])
        if not keep:
            self.ts = str(server["ts"])

    def _ask(self) -> dict[str, Any]:
        question: dict[str, Any] = {"act": "a_check", "key": self._key, "ts": self.ts, "wait": self._wait}
        try:
            response = self._http.get(self._server, params=question, timeout=(CONNECT, self._wait + 10))
            if response.status_code != 200:
                raise CallFailed("long poll", 0, f"HTTP status {response.status_code}")
            answer = response.json()
            if not isinstance(answer, dict) or not {"ts", "failed"} & answer.keys():
                raise CallFailed("long poll", 0, "an answer that is none")
        except (requests.RequestException, ValueError) as error:
            raise CallFailed("long poll", 0, f"no answer ({type(error).__name__})") from None
        return answer


class Poller:
    """Runs a `LongPoll` in its thread and hands what it brings to the loop, one at a time."""

    def __init__(
        self,
        settings: Settings,
        ts: str,
        *,
        news: Callable[[News], Awaitable[None]],
        failed: Callable[[CallFailed], None],
        wait: int = WAIT,
    ) -> None:
        """`news` is awaited before the next call, so a daemon that cannot keep up is not given more."""
        self._poll = LongPoll(settings, ts, wait)
        self._news = news
        self._failed = failed
        self._stopped = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._handing_over: asyncio.Task[None] | None = None
        # A thread that sits in a call of half a minute must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=f"vk-poll-{settings.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Nothing more is handed over; the call that waits is left to itself."""
        self._stopped.set()
        if self._handing_over is not None:
            self._handing_over.cancel()

    def _run(self) -> None:
        backoff, complaints = Backoff(FIRST_PAUSE, LONGEST_PAUSE), 0
        with suppress(RuntimeError):  # the loop is gone
            while not self._stopped.is_set():
                try:
                    news = self._poll.check()
                except CallFailed as failure:
                    self._loop.call_soon_threadsafe(self._failed, failure)
                    self._stopped.wait(backoff.next())
                    continue
                # A server that only complains is not asked without a pause.
                complaints = complaints + 1 if news.failed else 0
                if complaints > 1:
                    self._stopped.wait(backoff.next())
                else:
                    backoff.reset()
                self._hand_over(news)
        self._poll.close()

    def _hand_over(self, news: News) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(self._begin, news, done)
        while not done.wait(timeout=1.0):
            if self._stopped.is_set():
                return

    def _begin(self, news: News, done: threading.Event) -> None:
        """On the loop."""
        if not self._stopped.is_set():
            self._handing_over = self._loop.create_task(self._wait_for(news, done))

    async def _wait_for(self, news: News, done: threading.Event) -> None:
        try:
            await self._news(news)
        except Exception:
            log.exception("news from VK could not be taken", updates=len(news.updates))
        finally:
            done.set()
