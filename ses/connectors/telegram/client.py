"""The way to the Bot API: one pool of connections for news, one for everything else, made anew when they stop answering."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from telegram import Bot
from telegram.error import BadRequest

from ses.connectors.telegram.config import Settings
from ses.connectors.telegram.parse import ALLOWED
from ses.connectors.telegram.request import AiohttpRequest, Unsent

CONNECTIONS = 64
"""Connections for sending."""

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

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._requests = (AiohttpRequest(CONNECTIONS), AiohttpRequest(2))
        """For everything, and for news: a call that waits for news must not wait for a connection."""
        self._bot: UpdatesBot | None = None
        self.id = 0
        self.username = ""

    @property
    def renewed(self) -> int:
        """How often connections were made anew."""
        return sum(request.renewed for request in self._requests)

    async def open(self) -> None:
        """Ask Telegram who the bot is. Raises `InvalidToken`, `NetworkError` and other errors of Telegram."""
        if self._bot is None:
            for request in self._requests:
                await request.initialize()
            base = self._settings.api
            # Its own `initialize` would ask who it is, too, and raise an error with the token in it.
            self._bot = UpdatesBot(
                self._settings.token,
                base_url=f"{base}/bot",
                base_file_url=f"{base}/file/bot",
                request=self._requests[0],
                get_updates_request=self._requests[1],
            )
        me = await self._bot.get_me()
        self.id, self.username = me.id, me.username or ""

    async def close(self) -> None:
        self._bot = None
        for request in self._requests:
            await request.shutdown()

    async def call(self, work: Callable[[UpdatesBot], Awaitable[Result]]) -> Result:
        """Do something with the bot. Raises `TelegramError`; `Unsent` when it is closed."""
        if self._bot is None:
            raise Unsent("The connection to Telegram is not open yet")
        return await work(self._bot)

    async def file(self, identifier: str, limit: int) -> bytes:
        """The bytes of a file that somebody sent. Raises `TelegramError`; `BadRequest` for one of more than `limit`."""

        async def fetched(bot: UpdatesBot) -> bytes:
            file = await bot.get_file(identifier)
            if (file.file_size or 0) > limit:
                raise BadRequest("file is too big")
            return bytes(await file.download_as_bytearray())

        content = await self.call(fetched)
        if len(content) > limit:
            raise BadRequest("file is too big")
        return content
