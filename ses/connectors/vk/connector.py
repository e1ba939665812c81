"""One community's connector: what comes from VK is stored, what the robot says is sent."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Literal

import structlog
from aiohttp import web

from ses import markdown
from ses.clock import Clock, SystemClock
from ses.connectors.contract import (
    Beginning,
    ConnectorState,
    DeliveryFailed,
    Reception,
    Recording,
    no_recording,
)
from ses.connectors.groups import Whitelist
from ses.connectors.media import RobotFolder
from ses.connectors.typing_indicator import TypingIndicator
from ses.connectors.vk import webhook
from ses.connectors.vk.backfill import Backfill
from ses.connectors.vk.calls import Calls
from ses.connectors.vk.client import CallFailed
from ses.connectors.vk.config import Settings
from ses.connectors.vk.delivery import Delivery
from ses.connectors.vk.files import Files
from ses.connectors.vk.inbound import InboundReader, PageTurn, peer_of
from ses.connectors.vk.intake import Intake
from ses.connectors.vk.parse import Press
from ses.connectors.vk.polling import WAIT, Poller
from ses.connectors.vk.rate_limit import RateLimit
from ses.connectors.vk.status import ConnectionStatus
from ses.connectors.webhooks import PATIENCE
from ses.flow.backoff import Backoff
from ses.messages import Conversation, Delta, Outgoing

log = structlog.get_logger("ses.connectors.vk")

TYPING = 8.0
"""Seconds between signs that the robot is at work; VK shows one for ten."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between attempts to find out whether VK knows the token."""


class VkConnector:
    """Implements `Channel` for one entry of `connectors.vk`."""

    replays = False
    voice: Literal["ogg"] = "ogg"

    def __init__(
        self,
        settings: Settings,
        *,
        robot_folder: RobotFolder,
        recording: Recording = no_recording,
        clock: Clock | None = None,
        wait: int = WAIT,
        patience: float = PATIENCE,
    ) -> None:
        """Seconds: `wait`, that VK holds a call until there is news; `patience`, in which a call of VK is answered."""
        self.name = f"vk.{settings.name}"
        self.settings = settings
        self.robot = settings.robot
        self._clock = clock or SystemClock()
        self._wait = wait
        self._patience = patience
        self._calls = Calls(settings.token, settings.api, RateLimit(self._clock))
        self._delivery = Delivery(self._calls, Files(self._calls, robot_folder, recording), self.name)
        self._status = ConnectionStatus(settings, self._clock)
        self._reception: Reception | None = None
        self._intake: Intake | None = None
        self._poller: Poller | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._typing_indicator = TypingIndicator(self._show_typing, self._clock, every=TYPING)

    # Channel

    async def start(self, reception: Reception) -> None:
        """Returns before VK is asked: whether it knows the token stands in `state`."""
        await asyncio.to_thread(markdown.prepare)
        reader = InboundReader(self.settings, self._clock)
        intake = Intake(
            self.settings,
            reception,
            reader=reader,
            backfill=Backfill(self._calls, reader, self._clock),
            status=self._status,
            clock=self._clock,
            answer=lambda press: self._in_background(partial(self._answer, press)),
            turn_page=lambda turn: self._in_background(partial(self._turn_page, turn)),
        )
        self._reception, self._intake = reception, intake
        self._delivery.salt = await self._salt(reception)
        if self.settings.mode == "callback":
            self._in_background(self._look)
            return
        cursor = await intake.cursor()
        self._in_background(intake.note_cursors)
        self._poller = Poller(
            self.settings, cursor.ts, news=intake.news, failed=self._status.failed, wait=self._wait
        )
        self._poller.start()

    async def refuse(self) -> None:
        if self._poller is not None:
            self._poller.stop()
            self._poller = None
        await self._typing_indicator.stop()
        tasks = [*self._background]
        for task in tasks:
            task.cancel()
        intake, self._intake = self._intake, None
        if intake is not None:
            await intake.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._status.stopped()

    async def stop(self) -> None:
        await self.refuse()
        self._calls.close()

    def state(self) -> ConnectorState:
        return self._status.state()

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        self.typing(conversation, on=False)
        old = self._intake.old_apps if self._intake is not None else set()
        old_app = conversation.session.isdecimal() and int(conversation.session) in old
        await self._delivery.deliver(conversation, message, old_app=old_app)

    def typing(self, conversation: Conversation, on: bool) -> None:
        self._typing_indicator.typing(conversation, on)

    def stream(self, conversation: Conversation, delta: Delta) -> None:
        """VK shows no drafts, and edits would eat the calls of all conversations: the whole text comes at its end."""

    async def begin(self, chat: str) -> Beginning | None:
        """A community may write to those who have allowed it: by writing first, or by a button of VK."""
        if not chat.isdecimal() or not Whitelist(self.settings.whitelist).admits(int(chat)):
            return None
        try:
            answer = await self._calls.call(
                "messages.isMessagesFromGroupAllowed", group_id=self.settings.group_id, user_id=int(chat)
            )
        except CallFailed as failure:
            raise DeliveryFailed(str(failure), 0.0) from None
        if not isinstance(answer, dict) or not answer.get("is_allowed"):
            return None
        return Beginning(chat, f"vk:{chat}", self.settings.variables)

    def link(self, token: str) -> str:
        return f"https://vk.me/club{self.settings.group_id}" + (f"?ref={token}" if token else "")

    async def webhook(self, headers: Mapping[str, str], body: bytes) -> web.Response:
        """A call of the Callback API."""
        del headers
        answer = await webhook.answer(self.settings, self._intake, body, patience=self._patience)
        if answer.text == "ok":
            self._status.connected()
        return answer

    # What goes on beside

    async def _salt(self, reception: Reception) -> str:
        salt = await reception.recall(self.name, "salt")
        if salt is None:
            salt = secrets.token_hex(8)
            await reception.remember(self.name, "salt", salt)
        return salt

    def _in_background(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin something that may be lost."""
        task = asyncio.create_task(self._run(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except CallFailed as failure:
            log.info("a call of VK failed", connector=self.name, reason=str(failure))
        except Exception:
            log.exception("an errand of VK failed", connector=self.name)

    async def _answer(self, press: Press) -> None:
        """The pressed button stops turning."""
        await self._calls.call(
            "messages.sendMessageEventAnswer",
            event_id=press.event_id,
            user_id=press.user_id,
            peer_id=press.peer_id,
        )

    async def _turn_page(self, turn: PageTurn) -> None:
        assert self._reception is not None
        conversation = Conversation(self.name, turn.session)
        entries = await self._reception.history(conversation, after=turn.seq - 1)
        message = next((one.outgoing for one in entries if one.seq == turn.seq), None)
        if message is not None:
            number = turn.press.conversation_message_id
            await self._delivery.turn_page(turn.press.peer_id, number, message, turn.page)
        await self._answer(turn.press)

    async def _show_typing(self, session: str) -> bool:
        if not session.partition(":")[0].isdecimal():
            return False
        peer = peer_of(session)
        await self._run(partial(self._calls.call, "messages.setActivity", peer_id=peer, type="typing"))
        return True

    async def _look(self) -> None:
        """Whether VK knows the token, where VK calls and is not called."""
        backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        while True:
            try:
                await self._calls.call("groups.getById", group_id=self.settings.group_id)
            except CallFailed as failure:
                self._status.failed(failure)
                await self._clock.sleep(backoff.next())
            else:
                self._status.connected()
                return
