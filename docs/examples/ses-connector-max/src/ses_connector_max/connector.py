"""One bot of MAX: receiving, sending, and how it is doing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Literal

import msgspec
from aiohttp import web

from ses.connectors.contract import ConnectorContext, ConnectorState, Reception
from ses.connectors.typing_indicator import TypingIndicator
from ses.connectors.webhooks import PATIENCE
from ses.flow.backoff import Backoff
from ses.messages import Conversation, Delta, Outgoing
from ses_connector_max import webhook
from ses_connector_max.client import CallFailed, Client
from ses_connector_max.config import Settings, webhook_address
from ses_connector_max.delivery import Delivery
from ses_connector_max.files import Files
from ses_connector_max.inbound import InboundReader
from ses_connector_max.intake import Intake
from ses_connector_max.parse import User
from ses_connector_max.polling import WAIT, Poller
from ses_connector_max.rate_limit import RateLimit
from ses_connector_max.status import ConnectionStatus

SECRET_HEADER = "X-Max-Bot-Api-Secret"  # noqa: S105  the name of a header
TYPING = 5.0
"""Seconds between signs that the robot is at work."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between attempts to reach MAX."""


class MaxConnector:
    """Implements `Channel` for one entry of `connectors.max`."""

    replays = False
    voice: Literal["ogg"] = "ogg"

    def __init__(
        self, context: ConnectorContext[Settings], *, wait: int = WAIT, patience: float = PATIENCE
    ) -> None:
        """Seconds: `wait`, that MAX holds a call until there is news; `patience`, in which a call of MAX is answered."""
        settings = context.settings
        self.name = context.full_name
        self._settings = settings
        self._clock = context.clock
        self._log = context.log
        self._wait = wait
        self._patience = patience
        self._url = webhook_address(settings.webhook_url or "", context.webhook_path)
        self._secret = settings.secret.get_secret_value() if settings.secret is not None else ""
        self._client = Client(settings.api, settings.token.get_secret_value(), settings.ca)
        self._status = ConnectionStatus(self.name, settings.robot, settings.mode, self._clock)
        files = Files(self._client, context.robot_folder, context.recording)
        self._delivery = Delivery(self._client, files, RateLimit(self._clock), self._status)
        self._typing_indicator = TypingIndicator(self._show_typing, self._clock, every=TYPING)
        self._intake: Intake | None = None
        """From the moment on that it is known who the bot is."""
        self._receiving: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()

    # Channel

    async def start(self, reception: Reception) -> None:
        """Returns before MAX is asked: what it says stands in `state`."""
        self._receiving = asyncio.create_task(self._receive(reception), name=self.name)

    async def refuse(self) -> None:
        """Take nothing new. What was stored and not confirmed comes again at the next start and is known then."""
        receiving, self._receiving = self._receiving, None
        intake, self._intake = self._intake, None
        if receiving is not None:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)
        if intake is not None:
            await intake.close()

    async def stop(self) -> None:
        await self.refuse()
        await self._typing_indicator.stop()
        tasks = [*self._background]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.close()
        self._status.stopped()

    def state(self) -> ConnectorState:
        return self._status.state()

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        self.typing(conversation, on=False)
        await self._delivery.deliver(conversation, message)

    def typing(self, conversation: Conversation, on: bool) -> None:
        self._typing_indicator.typing(conversation, on)

    def stream(self, conversation: Conversation, delta: Delta) -> None:
        """MAX shows no drafts, and edits would eat the calls of all conversations: the whole text comes at its end."""

    async def webhook(self, headers: Mapping[str, str], body: bytes) -> web.Response:
        """A call of MAX; 403 for everybody else."""
        given = headers.get(SECRET_HEADER, "").encode()
        if self._settings.mode != "webhook" or not secrets.compare_digest(given, self._secret.encode()):
            return web.Response(status=403)
        return await webhook.answer(self._intake, body, patience=self._patience)

    # Receiving

    async def _receive(self, reception: Reception) -> None:
        """Connect, receive, and begin anew after each failure; ends only with `refuse`, or a token that is wrong."""
        backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        work: Callable[[], Awaitable[None]] | None = None
        while True:
            asked = 0.0
            try:
                me = msgspec.convert(await self._client.call("GET", "me"), User)
                work = work or self._ready(reception, me)
                await work()
            except CallFailed as failure:
                self._forgive(backoff)
                self._status.failed(failure)
                if failure.wrong_token:
                    return
                asked = failure.retry_after
            except Exception as error:  # noqa: BLE001  whatever it is, the bot must come back
                self._log.exception("receiving failed")
                self._forgive(backoff)
                self._status.cannot_receive(type(error).__name__)
            await self._clock.sleep(max(asked, backoff.next()))

    def _forgive(self, backoff: Backoff) -> None:
        """It worked until now: the next pause is a first one."""
        if self._status.condition == "connected":
            backoff.reset()

    def _ready(self, reception: Reception, me: User) -> Callable[[], Awaitable[None]]:
        """How to receive as the bot that MAX knows. What it returns raises `CallFailed`."""
        self._intake = Intake(
            self._settings,
            reception,
            reader=InboundReader(self.name, self._settings, me, self._clock),
            status=self._status,
            clock=self._clock,
            answer=lambda callback: self._in_background(self._answer(callback)),
        )
        if self._settings.mode == "webhook":
            return partial(webhook.hold, self._client, self._status, self._clock, self._url, self._secret)
        return Poller(self._client, reception, self._intake, self._status, self._clock, wait=self._wait).run

    # What goes on beside, and may be lost

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _answer(self, callback: str) -> None:
        """The pressed button stops turning; nothing is shown for it."""
        await self._try("POST", "answers", query={"callback_id": callback}, body={})

    async def _show_typing(self, session: str) -> bool:
        chat = self._intake.chats.get(session) if self._intake is not None else None
        if chat is None:
            return False
        await self._try("POST", f"chats/{chat}/actions", body={"action": "typing_on"})
        return True

    async def _try(self, method: str, path: str, **given: Any) -> None:
        try:
            await self._client.call(method, path, **given)
        except CallFailed as failure:
            self._log.info("a call of MAX failed", reason=str(failure))
