"""Presses of buttons answered, so that they stop turning; pages of long keyboards turned."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from telegram import InlineKeyboardMarkup
from telegram.error import TelegramError

from ses.connectors.contract import Reception
from ses.connectors.telegram.client import Client, UpdatesBot
from ses.connectors.telegram.inbound import NotYours, PageTurn
from ses.connectors.telegram.keyboards import keyboard
from ses.messages import Conversation

log = structlog.get_logger("ses.connectors.telegram")

AT_ONCE = 200
"""Answers under way; further presses are left to turn until Telegram stops them by itself."""
NOT_YOURS = {"ru": "Эти кнопки для другого участника.", "en": "These buttons are for another member."}


class Presses:
    """Does in background tasks, beside the robot's work, what may be lost without harm."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, callback: str, text: str | None = None) -> None:
        self._begin(lambda: self._client.call(lambda bot: bot.answer_callback_query(callback, text)))

    def not_yours(self, press: NotYours) -> None:
        self.answer(press.callback, NOT_YOURS.get(press.language[:2], NOT_YOURS["en"]))

    def turn_page(self, press: PageTurn, conversation: Conversation, reception: Reception) -> None:
        async def work() -> None:
            await self._turn(press, conversation, reception)

        self.answer(press.callback)
        self._begin(work)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _turn(self, press: PageTurn, conversation: Conversation, reception: Reception) -> None:
        entries = await reception.history(conversation, after=press.seq - 1)
        message = next((one.outgoing for one in entries if one.seq == press.seq), None)
        if message is None:
            return
        markup = keyboard(message.buttons, conversation.session, press.seq, press.page)
        if isinstance(markup, InlineKeyboardMarkup):

            async def show(bot: UpdatesBot) -> object:
                return await bot.edit_message_reply_markup(
                    chat_id=press.chat, message_id=press.message, reply_markup=markup
                )

            await self._client.call(show)

    def _begin(self, work: Callable[[], Awaitable[object]]) -> None:
        if len(self._tasks) >= AT_ONCE:
            return
        task = asyncio.get_running_loop().create_task(self._try(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _try(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except TelegramError as error:  # «query is too old», «message is not modified»
            await log.adebug("a press could not be answered", reason=str(error))
