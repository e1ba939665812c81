"""One bot of MAX: receiving, sending, and how it is doing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Literal

import msgspec
from aiohttp import web

from ses.connectors.contract import ConnectorContext, ConnectorState, Reception
from ses.connectors.rate_limit import Pace
from ses.connectors.status import ConnectionStatus
from ses.messages import Conversation, Delta, Outgoing
from ses_connector_max.client import CallFailed, Client
from ses_connector_max.config import Max, hook_address
from ses_connector_max.files import Files
from ses_connector_max.incoming import Arrived, Reader
from ses_connector_max.intake import Intake
from ses_connector_max.parse import Malformed, User, parse
from ses_connector_max.receiving import WAIT, hold_webhook, poll
from ses_connector_max.sending import Sender, all_chats, one_chat

SECRET_HEADER = "X-Max-Bot-Api-Secret"  # noqa: S105  the name of a header
TYPING, LONGEST_TYPING = 5.0, 300.0
"""Seconds between signs that the robot is at work, and after which no more are given."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between attempts to reach MAX; each doubles the one before."""


class MaxConnector:
    """Implements `Channel` for one entry of `connectors.max`."""

    replays = False
    voice: Literal["ogg"] = "ogg"

    def __init__(
        self,
        context: ConnectorContext[Max],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        wait: int = WAIT,
    ) -> None:
        """`wait`: seconds that MAX holds a call until there is news."""
        settings = context.settings
        self.name = context.full_name
        self._settings = settings
        self._clock = context.clock
        self._log = context.log
        self._sleep = sleep
        self._wait = wait
        self._hook = hook_address(settings.webhook_url or "", context.webhook_path)
        self._secret = settings.secret.get_secret_value() if settings.secret is not None else ""
        self._client = Client(settings.api, settings.token.get_secret_value(), settings.ca)
        self._standing = ConnectionStatus(self.name, settings.robot, settings.mode, self._clock)
        pace = Pace(self._clock, all_chats=all_chats(), chat=one_chat, sleep=sleep)
        self._sender = Sender(
            self._client,
            Files(self._client, context.robot_folder, context.recording),
            pace,
            self._standing,
        )
        self._reader: Reader | None = None
        self._intake: Intake | None = None
        self._receiving: asyncio.Task[None] | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self._typing: dict[str, asyncio.Task[None]] = {}

    # Channel

    async def start(self, reception: Reception) -> None:
        """Returns before MAX is asked: what it says stands in `state`."""
        self._intake = Intake(self._settings, reception, self._standing, self._sleep)
        self._receiving = asyncio.create_task(self._receive(reception), name=self.name)

    async def refuse(self) -> None:
        """Take nothing new. What was stored and not confirmed comes again at the next start and is known then."""
        receiving, self._receiving = self._receiving, None
        self._reader = None
        intake, self._intake = self._intake, None
        if receiving is not None:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)
        if intake is not None:
            await intake.close()

    async def stop(self) -> None:
        await self.refuse()
        beside = [*self._errands, *self._typing.values()]
        self._typing.clear()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await self._client.close()
        self._standing.stopped()

    def state(self) -> ConnectorState:
        return self._standing.state()

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        self.typing(conversation, on=False)
        await self._sender.send(conversation, message)

    def typing(self, conversation: Conversation, on: bool) -> None:
        session = conversation.session
        chat = self._intake.chats.get(session) if self._intake is not None else None
        if on and chat is not None and session not in self._typing:
            self._typing[session] = asyncio.create_task(self._keep_typing(chat))
        elif not on and (task := self._typing.pop(session, None)) is not None:
            task.cancel()

    def stream(self, conversation: Conversation, delta: Delta) -> None:
        """MAX shows no drafts, and edits would eat the calls of all conversations: the whole text comes at its end."""

    async def webhook(self, headers: Mapping[str, str], body: bytes) -> web.Response:
        """A call of the webhook: 200 when its update is on disk; after 503 it is brought again; 403 for everybody else."""
        given = headers.get(SECRET_HEADER, "").encode()
        if self._settings.mode != "webhook" or not secrets.compare_digest(given, self._secret.encode()):
            return web.Response(status=403)
        if self._reader is None or self._intake is None:
            return web.Response(status=503, headers={"Retry-After": "2"})
        await self._take([msgspec.Raw(body)])
        return web.Response()

    # Receiving

    async def _receive(self, reception: Reception) -> None:
        """Connect, receive, and begin anew after each failure; ends only with `refuse`, or a token that is wrong."""
        pause = FIRST_PAUSE
        while True:
            try:
                me = msgspec.convert(await self._client.call("GET", "me"), User)
                self._reader = Reader(self.name, self._settings, me, self._clock)
                if self._settings.mode == "webhook":
                    await hold_webhook(self._client, self._standing, self._hook, self._secret, self._sleep)
                else:
                    await poll(self._client, reception, self._standing, self._take, self._sleep, self._wait)
            except CallFailed as failure:
                if self._standing.state().condition == "connected":
                    pause = FIRST_PAUSE
                if failure.wrong_token:
                    problem = f"MAX does not know the token in connectors.{self.name}.token; business.max.ru shows the bot's"
                    self._standing.cannot_receive(problem, refused=True)
                    return
                self._standing.cannot_receive(str(failure))
                pause = max(pause, failure.retry_after)
            except Exception as error:  # noqa: BLE001  whatever it is, the bot must come back
                self._log.exception("receiving failed")
                self._standing.cannot_receive(type(error).__name__)
            await self._sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _take(self, updates: list[msgspec.Raw]) -> None:
        """Returns when everything is on disk that the robot is to hear."""
        assert self._reader is not None
        assert self._intake is not None
        arrived: list[Arrived] = []
        for raw in updates:
            try:
                one = self._reader.read(parse(raw))
            except Malformed as error:
                # It would come again and again, and never be understood.
                self._standing.call_failed()
                self._log.warning("an update is not understood and left out", reason=str(error))
                continue
            if one is not None:
                arrived.append(one)
        await self._intake.store(arrived)
        for one in arrived:
            if one.callback:
                self._errand(self._answered(one.callback))

    # What goes on beside, and may be lost

    def _errand(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _answered(self, callback: str) -> None:
        """The pressed button stops turning; nothing is shown for it."""
        await self._tried("POST", "answers", query={"callback_id": callback}, body={})

    async def _keep_typing(self, chat: int) -> None:
        for _ in range(int(LONGEST_TYPING / TYPING)):
            await self._tried("POST", f"chats/{chat}/actions", body={"action": "typing_on"})
            await asyncio.sleep(TYPING)

    async def _tried(self, method: str, path: str, **given: Any) -> None:
        try:
            await self._client.call(method, path, **given)
        except CallFailed as failure:
            self._log.info("a call of MAX failed", reason=str(failure))
