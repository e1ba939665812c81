"""The way to the Bot API: one pool of connections for news, one for everything else, each renewed when it stops answering."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from telegram import Bot
from telegram.error import BadRequest, NetworkError, TimedOut

from ses.connectors.telegram.config import Account
from ses.connectors.telegram.parse import ALLOWED
from ses.connectors.telegram.request import AiohttpRequest, Unsent

log = structlog.get_logger("ses.connectors.telegram")

CONNECTIONS = 64
"""Connections for sending."""
STALLED = 5
"""Calls in a row that got no answer before the connections are thrown away and made anew."""

Result = TypeVar("Result")


class UpdatesBot(Bot):
    """A `Bot` that hands out updates as they came. `get_updates` would build an object of each and fail as a whole for
    one that it does not understand, and the offset could never move past that one."""

    async def raw_updates(self, *, offset: int | None, seconds: float, limit: int = 100) -> list[Any]:
        data = {"offset": offset, "timeout": int(seconds), "limit": limit, "allowed_updates": ALLOWED}
        updates: Any = await self._post("getUpdates", data, read_timeout=seconds + 10.0)
        return list(updates)


class Client:
    """Who the bot is, and calls to the Bot API in its name."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._bot: UpdatesBot | None = None
        self._requests: tuple[AiohttpRequest, ...] = ()
        self._unanswered = 0
        self.rebuilt = 0
        """How often the connections were made anew."""
        self.id = 0
        self.username = ""

    @property
    def bot(self) -> UpdatesBot:
        """Raises `Unsent` when it is closed."""
        if self._bot is None:
            raise Unsent("The connection to Telegram is closed")
        return self._bot

    async def open(self) -> None:
        """Ask Telegram who the bot is. Raises `InvalidToken`, `NetworkError` and other errors of Telegram."""
        bot = await self._make()
        try:
            me = await bot.get_me()
        except BaseException:
            await self.close()
            raise
        self.id, self.username = me.id, me.username or ""

    async def close(self) -> None:
        self._bot = None
        requests, self._requests = self._requests, ()
        for request in requests:
            await request.shutdown()

    async def call(self, work: Callable[[UpdatesBot], Awaitable[Result]]) -> Result:
        """Do something with the bot, and watch whether Telegram answers at all."""
        try:
            result = await work(self.bot)
        except (TimedOut, NetworkError) as error:
            if isinstance(error, BadRequest):
                self._unanswered = 0
            else:
                await self._missed()
            raise
        self._unanswered = 0
        return result

    async def _missed(self) -> None:
        self._unanswered += 1
        if self._unanswered >= STALLED and self._bot is not None:
            self._unanswered = 0
            self.rebuilt += 1
            log.warning(
                "Telegram does not answer; its connections are made anew", connector=self._account.name
            )
            await self._make()

    async def _make(self) -> UpdatesBot:
        """New connections in the place of the old ones. (A bot's own `initialize` would ask at once who it is.)"""
        before = self._requests
        requests = (AiohttpRequest(CONNECTIONS), AiohttpRequest(2))
        base = self._account.api
        bot = UpdatesBot(
            self._account.token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=requests[0],
            get_updates_request=requests[1],
        )
        for request in requests:
            await request.initialize()
        self._bot, self._requests = bot, requests
        for request in before:
            await request.shutdown()
        return bot
