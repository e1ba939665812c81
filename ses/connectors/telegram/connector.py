"""One Telegram bot: receiving, sending, and how it is doing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Literal

import structlog
from aiohttp import web
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError

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
from ses.connectors.telegram.client import Client, UpdatesBot
from ses.connectors.telegram.config import Account
from ses.connectors.telegram.delivery import Deliveries
from ses.connectors.telegram.destinations import Places
from ses.connectors.telegram.errors import failure, seconds
from ses.connectors.telegram.files import Files
from ses.connectors.telegram.inbound import OWN_FILE, Arrived, NotYours, PageTurn, Reader
from ses.connectors.telegram.intake import Intake, Later
from ses.connectors.telegram.parse import ALLOWED, Malformed, Update, parse, parse_polled
from ses.connectors.telegram.placeholders import Placeholders
from ses.connectors.telegram.presses import Presses
from ses.connectors.telegram.rate_limit import Pace
from ses.connectors.telegram.sender import Sender
from ses.connectors.telegram.status import ConnectionStatus
from ses.connectors.telegram.streaming import Streams
from ses.connectors.telegram.typing_indicator import TypingIndicator
from ses.messages import Conversation, Delta, Outgoing

log = structlog.get_logger("ses.connectors.telegram")

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  the name of a header
LOOK = 60.0
"""Seconds between two looks at a webhook's state."""
ALBUM_WAIT = 0.7
"""Seconds until the news are asked for again when an album may be incomplete."""


class TelegramConnector:
    """Implements `Connector` and `Channel` for one entry of `connectors.telegram`."""

    replays = False
    voice: Literal["ogg"] = "ogg"

    def __init__(
        self,
        account: Account,
        *,
        robot_folder: Callable[[], Path | None] = lambda: None,
        recording: Recording = no_recording,
        clock: Clock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = f"telegram.{account.name}"
        self.account = account
        self.robot = account.robot
        self._clock = clock or SystemClock()
        self._sleep = sleep
        self._client = Client(account)
        self._places = Places()
        self._whitelist = Whitelist(account.whitelist)
        self._standing = ConnectionStatus(self.name, account.robot, account.mode, self._clock)
        pace = Pace(self._clock, sleep)
        sender = Sender(self._client, pace, Files(robot_folder, recording))
        self._placeholders = Placeholders(self.name)
        self._deliveries = Deliveries(sender, self._places, self._placeholders, pace, self._standing)
        self._presses = Presses(self._client)
        self._liveliness = TypingIndicator(self._client, self._places, self._clock, sleep)
        self._streams = Streams(
            self._client, sender, pace, self._places, self._placeholders, self._standing, self._clock, sleep
        )
        self._reception: Reception | None = None
        self._intake: Intake | None = None
        self._reader: Reader | None = None
        self._receiving: asyncio.Task[None] | None = None

    # Connector

    async def start(self, reception: Reception) -> None:
        self._reception = reception
        self._intake = Intake(self.account, reception, self._clock, self._sleep)
        await self._placeholders.load(reception)
        self._receiving = asyncio.get_running_loop().create_task(self._receive(), name=self.name)

    async def refuse(self) -> None:
        """Take nothing new. What was stored and not confirmed comes again at the next start and is known then."""
        task, self._receiving = self._receiving, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._reader = None

    async def stop(self) -> None:
        await self.refuse()
        await self._liveliness.stop()
        await self._streams.stop()
        await self._presses.stop()
        await self._client.close()
        self._standing.is_now("stopped")

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        self._liveliness.typing(conversation, on=False)
        await self._streams.ends(message)
        await self._deliveries.deliver(conversation, message)

    def typing(self, conversation: Conversation, on: bool) -> None:
        self._liveliness.typing(conversation, on)

    def stream(self, conversation: Conversation, delta: Delta) -> None:
        self._streams.add(conversation, delta)

    def state(self) -> ConnectorState:
        intake = self._intake
        return self._standing.state(
            received=intake.received if intake is not None else 0,
            last=intake.last if intake is not None else 0.0,
            lag=intake.lag if intake is not None else None,
        )

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
        return Beginning(chat, f"telegram:{chat}", self.account.variables)

    def link(self, token: str) -> str:
        name = self._client.username
        return f"https://t.me/{name}" + (f"?start={token}" if token else "") if name else ""

    # Receiving

    async def _receive(self) -> None:
        """Connect, receive, and begin anew after each failure; ends only with `refuse`, or a token that is wrong."""
        pause = FIRST_PAUSE
        while True:
            self._standing.is_now("connecting")
            try:
                await self._client.open()
                self._reader = Reader(self.account, self._client.id, self._client.username, self._clock)
                if self.account.mode == "webhook":
                    await self._hold_webhook()
                else:
                    await self._poll()
            except InvalidToken:
                self._standing.is_now(
                    "refused",
                    f"Telegram does not know the token in connectors.telegram.{self.account.name}.token; "
                    "@BotFather shows the bot's token",
                )
                return
            except RetryAfter as error:
                pause = max(pause, seconds(error))
                self._standing.is_now("failing", f"Telegram asks for a pause of {seconds(error):g} s")
            except Conflict as error:
                self._standing.is_now("failing", _conflict(error))
            except TelegramError as error:
                self._standing.is_now("failing", str(error))
            except Exception as error:  # noqa: BLE001  whatever it is, the bot must come back
                await log.aexception("receiving failed", connector=self.name)
                self._standing.is_now("failing", type(error).__name__)
            if self._standing.worked:
                pause = FIRST_PAUSE
            await self._sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _poll(self) -> None:
        """Long polling: the offset moves only past what is on disk."""
        assert self._intake is not None
        client = self._client
        await client.call(lambda bot: bot.delete_webhook())
        offset: int | None = None
        complete = False
        wait = 0.0  # the first answer comes at once and says that all is well
        while True:
            updates = await client.call(partial(UpdatesBot.raw_updates, offset=offset, seconds=wait))
            self._standing.is_now("connected")
            wait = self.account.poll
            arrived = await self._read_all(updates)
            if not complete and any(one.album for one in arrived):
                complete = True
                await self._sleep(ALBUM_WAIT)
                continue
            complete = False
            if updates:
                await self._intake.store_in_order(arrived)
                for one in arrived:
                    self._taken(one)
                offset = updates[-1]["update_id"] + 1

    async def _read_all(self, updates: list[dict[str, object]]) -> list[Arrived]:
        found = []
        for polled in updates:
            try:
                arrived = await self._read(parse_polled(polled))
            except Malformed as error:
                self._malformed(error)
                continue
            if arrived is not None:
                found.append(arrived)
        return found

    async def _hold_webhook(self) -> None:
        """Tell Telegram where to call, and look now and then whether it still does."""
        account = self.account
        await self._client.call(
            lambda bot: bot.set_webhook(
                account.webhook_url, secret_token=account.secret_token, allowed_updates=ALLOWED
            )
        )
        while True:
            info = await self._client.call(lambda bot: bot.get_webhook_info())
            if info.url != account.webhook_url:
                raise Conflict("somebody else has changed the bot's webhook")
            waiting = info.pending_update_count
            if info.last_error_message and waiting:
                problem = f"Telegram cannot deliver to {account.webhook_url}: {info.last_error_message}"
                self._standing.is_now("failing", f"{problem} ({waiting} updates wait)")
            else:
                self._standing.is_now("connected")
            await self._sleep(LOOK)

    async def webhook(self, headers: Mapping[str, str], body: bytes) -> web.Response:
        """A call of Telegram: 200 when its update is on disk; after 503 it is brought again; 403 for everybody else."""
        expected = self.account.secret_token.encode()
        given = headers.get(SECRET_HEADER, "").encode()
        if not secrets.compare_digest(given, expected) or not expected or self.account.mode != "webhook":
            return web.Response(status=403)
        try:
            await self._take(body)
        except Later as later:
            return web.Response(status=503, headers={"Retry-After": str(int(later.seconds) + 1)})
        return web.Response()

    async def _take(self, body: bytes) -> None:
        """Returns when the update is on disk, or is none to be stored. Raises `Later`."""
        if self._reader is None or self._intake is None:
            raise Later(FIRST_PAUSE)
        try:
            arrived = await self._read(parse(body))
        except Malformed as error:
            self._malformed(error)  # 200: it would come again and again, and never be understood
            return
        if arrived is not None:
            await self._intake.store_alone(arrived)
            self._taken(arrived)

    async def _read(self, update: Update) -> Arrived | None:
        """What of an update the robot is to hear; the rest is seen to here."""
        assert self._reader is not None
        read = self._reader.read(update)
        if isinstance(read, Arrived):
            if read.chat < 0:
                self._places.seen(read.inbound.session, read.chat, read.thread, read.message)
            return read
        if isinstance(read, NotYours):
            self._presses.not_yours(read)
        elif isinstance(read, PageTurn) and self._reception is not None:
            self._presses.turn_page(read, Conversation(self.name, read.session), self._reception)
        return None

    def _taken(self, arrived: Arrived) -> None:
        """It is on disk: the button may stop turning."""
        if arrived.callback:
            self._presses.answer(arrived.callback)

    def _malformed(self, error: Malformed) -> None:
        self._standing.errors += 1
        log.warning("an update is not understood and left out", connector=self.name, reason=str(error))


def _conflict(error: Conflict) -> str:
    if "webhook" in str(error):
        return f"{error}; another program uses the same bot: a bot can serve one only"
    return "another program polls with the same token: a bot can serve one poller only; stop the other one"
