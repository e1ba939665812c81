"""«typing…», which shows that the robot is at work and may be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from telegram.constants import ChatAction
from telegram.error import TelegramError

from ses.clock import Clock
from ses.connectors.telegram.client import Client
from ses.connectors.telegram.destinations import Nowhere, Place, Places
from ses.messages import Conversation

AGAIN = 4.5
"""Seconds after which «typing…» is shown anew: Telegram hides it after five."""
LONGEST = 300.0
"""Seconds of «typing…» at most."""
AT_ONCE = 500
"""Conversations in which something is shown at once."""


class TypingIndicator:
    """Of one bot's conversations."""

    def __init__(
        self,
        client: Client,
        places: Places,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._places = places
        self._clock = clock
        self._sleep = sleep
        self._typing: dict[str, asyncio.Task[None]] = {}

    def typing(self, conversation: Conversation, on: bool) -> None:
        session = conversation.session
        if not on:
            task = self._typing.pop(session, None)
            if task is not None:
                task.cancel()
            return
        place = self._place(conversation)
        if place is not None and session not in self._typing and len(self._typing) < AT_ONCE:
            task = asyncio.get_running_loop().create_task(self._type(place))
            self._typing[session] = task
            task.add_done_callback(lambda done: self._ended(session, done))

    async def stop(self) -> None:
        tasks = [*self._typing.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _type(self, place: Place) -> None:
        end = self._clock.monotonic() + LONGEST
        while self._clock.monotonic() < end:
            try:
                await self._client.call(
                    lambda bot: bot.send_chat_action(
                        place.chat, ChatAction.TYPING, message_thread_id=place.thread
                    )
                )
            except TelegramError:
                return
            await self._sleep(AGAIN)

    def _place(self, conversation: Conversation) -> Place | None:
        try:
            return self._places.of(conversation)
        except Nowhere:
            return None

    def _ended(self, session: str, task: asyncio.Task[None]) -> None:
        if self._typing.get(session) is task:
            del self._typing[session]
