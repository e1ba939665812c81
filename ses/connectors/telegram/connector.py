"""One Telegram bot: receiving, sending, and how it is doing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Literal

import structlog
from aiohttp import web
from telegram.constants import ChatAction
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError

from ses import markdown
from ses.clock import Clock, SystemClock
from ses.connectors.contract import (
    Beginning,
    ConnectorState,
    FetchFailed,
    Reception,
    Recording,
    no_recording,
)
from ses.connectors.groups import Whitelist
from ses.connectors.telegram import webhook
from ses.connectors.telegram.attachments import OWN_FILE
from ses.connectors.telegram.client import Client
from ses.connectors.telegram.config import Settings
from ses.connectors.telegram.delivery import Delivery
from ses.connectors.telegram.destinations import Destinations, UnknownChat
from ses.connectors.telegram.errors import failure, seconds
from ses.connectors.telegram.files import Files
from ses.connectors.telegram.inbound import InboundReader
from ses.connectors.telegram.intake import Intake
from ses.connectors.telegram.placeholders import Placeholders
from ses.connectors.telegram.polling import Poller
from ses.connectors.telegram.presses import Presses
from ses.connectors.telegram.rate_limit import RateLimit
from ses.connectors.telegram.sender import Sender
from ses.connectors.telegram.status import ConnectionStatus
from ses.connectors.telegram.streaming import Streams
from ses.connectors.typing_indicator import TypingIndicator
from ses.connectors.webhooks import PATIENCE
from ses.flow.backoff import Backoff
from ses.messages import Conversation, Delta, Outgoing

log = structlog.get_logger("ses.connectors.telegram")

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between attempts to reach Telegram."""
TYPING = 4.5
"""Seconds after which «typing…» is shown anew: Telegram hides it after five."""


class TelegramConnector:
    """Implements `Connector` and `Channel` for one entry of `connectors.telegram`."""

    replays = False
    voice: Literal["ogg"] = "ogg"

    def __init__(
        self,
        settings: Settings,
        *,
        robot_folder: Callable[[], Path | None] = lambda: None,
        recording: Recording = no_recording,
        clock: Clock | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """`patience`: seconds in which a call of the webhook is answered."""
        self.name = f"telegram.{settings.name}"
        self.settings = settings
        self.robot = settings.robot
        self._clock = clock or SystemClock()
        self._patience = patience
        self._client = Client(settings)
        self._destinations = Destinations()
        self._whitelist = Whitelist(settings.whitelist)
        self._status = ConnectionStatus(settings, self._clock)
        rate_limit = RateLimit(self._clock)
        sender = Sender(self._client, rate_limit, Files(robot_folder, recording))
        self._placeholders = Placeholders(self.name)
        self._delivery = Delivery(sender, self._destinations, self._placeholders, rate_limit, self._status)
        self._presses = Presses(self._client)
        self._typing_indicator = TypingIndicator(self._show_typing, self._clock, every=TYPING)
        self._streams = Streams(
            self._client,
            sender,
            rate_limit,
            self._destinations,
            self._placeholders,
            self._status,
            self._clock,
        )
        self._intake: Intake | None = None
        """From the moment on that it is known who the bot is."""
        self._receiving: asyncio.Task[None] | None = None

    # Connector

    async def start(self, reception: Reception) -> None:
        await asyncio.to_thread(markdown.prepare)
        await self._placeholders.load(reception)
        self._receiving = asyncio.get_running_loop().create_task(self._receive(reception), name=self.name)

    async def refuse(self) -> None:
        """Take nothing new. What was stored and not confirmed comes again at the next start and is known then."""
        task, self._receiving = self._receiving, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        intake, self._intake = self._intake, None
        if intake is not None:
            await intake.close()

    async def stop(self) -> None:
        await self.refuse()
        await self._typing_indicator.stop()
        await self._streams.stop()
        await self._presses.stop()
        await self._client.close()
        self._status.stopped()

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        self._typing_indicator.typing(conversation, on=False)
        await self._streams.ends(message)
        await self._delivery.deliver(conversation, message)

    def typing(self, conversation: Conversation, on: bool) -> None:
        self._typing_indicator.typing(conversation, on)

    def stream(self, conversation: Conversation, delta: Delta) -> None:
        self._streams.add(conversation, delta)

    def state(self) -> ConnectorState:
        return self._status.state()

    async def _show_typing(self, session: str) -> bool:
        try:
            destination = self._destinations.of(Conversation(self.name, session))
            await self._client.call(
                lambda bot: bot.send_chat_action(
                    destination.chat, ChatAction.TYPING, message_thread_id=destination.thread
                )
            )
        except (UnknownChat, TelegramError):
            return False
        return True

    async def fetch(self, media: str, limit: int) -> bytes:
        """See `ses.connectors.contract.Fetching`."""
        if not media.startswith(OWN_FILE):
            raise FetchFailed(f"{self.name} keeps no such file", passing=False)
        try:
            return await self._client.file(media.removeprefix(OWN_FILE), limit)
        except (BadRequest, InvalidToken) as error:  # it is too large, or gone
            raise FetchFailed(f"Telegram does not hand out a file: {error}", passing=False) from None
        except TelegramError as error:
            raise FetchFailed(f"a file could not be fetched from Telegram: {error}", passing=True) from None

    # Addressable

    async def begin(self, chat: str) -> Beginning | None:
        """A bot may write to those only who have written to it, and have not blocked it."""
        if not chat.isdecimal() or not self._whitelist.admits(int(chat)):
            return None
        try:
            await self._client.call(lambda bot: bot.send_chat_action(int(chat), "typing"))
        except (BadRequest, Forbidden):
            return None
        except TelegramError as error:
            raise failure(error) from None
        return Beginning(chat, f"telegram:{chat}", self.settings.variables)

    def link(self, token: str) -> str:
        name = self._client.username
        return f"https://t.me/{name}" + (f"?start={token}" if token else "") if name else ""

    # Receiving

    async def _receive(self, reception: Reception) -> None:
        """Connect, receive, and begin anew after each failure; ends only with `refuse`, or a token that is wrong."""
        backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        work: Callable[[], Awaitable[None]] | None = None
        while True:
            asked = 0.0
            try:
                await self._client.open()
                work = work or self._ready(reception)
                await work()
            except InvalidToken as error:
                self._status.failed(error)
                return
            except TelegramError as error:
                self._forgive(backoff)
                self._status.failed(error)
                asked = seconds(error) if isinstance(error, RetryAfter) else 0.0
            except Exception as error:  # noqa: BLE001  whatever it is, the bot must come back
                await log.aexception("receiving failed", connector=self.name)
                self._forgive(backoff)
                self._status.cannot_receive(type(error).__name__)
            await self._clock.sleep(max(asked, backoff.next()))

    def _forgive(self, backoff: Backoff) -> None:
        """It worked until now: the next pause is a first one."""
        if self._status.condition == "connected":
            backoff.reset()

    def _ready(self, reception: Reception) -> Callable[[], Awaitable[None]]:
        """How to receive as the bot that Telegram knows. What it returns raises `TelegramError`."""
        reader = InboundReader(self.settings, self._client.id, self._client.username, self._clock)
        self._intake = Intake(
            self.settings,
            reception,
            reader=reader,
            status=self._status,
            destinations=self._destinations,
            presses=self._presses,
            clock=self._clock,
        )
        if self.settings.mode == "webhook":
            return partial(webhook.hold, self._client, self.settings, self._status, self._clock)
        return Poller(self._client, self._intake, self._status, self._clock, wait=self.settings.poll).run

    async def webhook(self, headers: Mapping[str, str], body: bytes) -> web.Response:
        """A call of Telegram; 403 for everybody else."""
        if not webhook.is_telegram(self.settings, headers):
            return web.Response(status=403)
        return await webhook.answer(self._intake, body, patience=self._patience)
