"""One community's connector: what comes from VK is stored, what the robot says is sent."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Literal

import structlog
from aiohttp import web

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
from ses.connectors.vk.backfill import Backfill
from ses.connectors.vk.calls import Calls
from ses.connectors.vk.client import CallFailed
from ses.connectors.vk.config import Community
from ses.connectors.vk.delivery import Sender
from ses.connectors.vk.files import Files
from ses.connectors.vk.inbound import PageTurn, Reader, peer_of
from ses.connectors.vk.intake import Intake
from ses.connectors.vk.parse import Event, Press
from ses.connectors.vk.polling import WAIT, Poller
from ses.connectors.vk.rate_limit import Pace
from ses.connectors.vk.status import ConnectionStatus
from ses.connectors.vk.webhook import Hook
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
        community: Community,
        *,
        robot_folder: RobotFolder,
        recording: Recording = no_recording,
        clock: Clock | None = None,
        wait: int = WAIT,
    ) -> None:
        """`wait`: seconds that VK holds a call until there is news."""
        self.name = f"vk.{community.name}"
        self.community = community
        self.robot = community.robot
        self._clock = clock or SystemClock()
        self._wait = wait
        self._calls = Calls(community.token, community.api, Pace(self._clock))
        self._sender = Sender(self._calls, Files(self._calls, robot_folder, recording), self.name)
        self._standing = ConnectionStatus(community, self._clock)
        self._reception: Reception | None = None
        self._intake: Intake | None = None
        self._poller: Poller | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self._typing: dict[str, asyncio.Task[None]] = {}

    # Channel

    async def start(self, reception: Reception) -> None:
        """Returns before VK is asked: whether it knows the token stands in `state`."""
        reader = Reader(self.community, self._clock)
        intake = Intake(
            self.community,
            reception,
            reader=reader,
            missed=Backfill(self._calls, reader),
            standing=self._standing,
            clock=self._clock,
            answer=lambda press: self._errand(partial(self._answer, press)),
            turn_page=lambda turn: self._errand(partial(self._turn_page, turn)),
        )
        self._reception, self._intake = reception, intake
        self._sender.salt = await self._salt(reception)
        if self.community.mode == "callback":
            self._errand(self._look)
            return
        place = await intake.place()
        self._errand(intake.note_places)
        self._poller = Poller(
            self.community, place.ts, news=intake.news, failed=self._standing.failed, wait=self._wait
        )
        self._poller.start()

    async def refuse(self) -> None:
        if self._poller is not None:
            self._poller.stop()
            self._poller = None
        tasks = [*self._errands, *self._typing.values()]
        self._typing.clear()
        for task in tasks:
            task.cancel()
        intake, self._intake = self._intake, None
        if intake is not None:
            await intake.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._standing.stopped()

    async def stop(self) -> None:
        await self.refuse()
        self._calls.close()

    def state(self) -> ConnectorState:
        return self._standing.state()

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        self.typing(conversation, on=False)
        old = self._intake.old_apps if self._intake is not None else set()
        old_app = conversation.session.isdecimal() and int(conversation.session) in old
        await self._sender.send(conversation, message, old_app=old_app)

    def typing(self, conversation: Conversation, on: bool) -> None:
        session = conversation.session
        if on and session not in self._typing and session.partition(":")[0].isdecimal():
            self._typing[session] = asyncio.create_task(self._keep_typing(peer_of(session)))
        elif not on and (task := self._typing.pop(session, None)) is not None:
            task.cancel()

    def stream(self, conversation: Conversation, delta: Delta) -> None:
        """VK shows no drafts, and edits would eat the calls of all conversations: the whole text comes at its end."""

    async def begin(self, chat: str) -> Beginning | None:
        """A community may write to those who have allowed it: by writing first, or by a button of VK."""
        if not chat.isdecimal() or not Whitelist(self.community.whitelist).admits(int(chat)):
            return None
        try:
            answer = await self._calls.call(
                "messages.isMessagesFromGroupAllowed", group_id=self.community.group_id, user_id=int(chat)
            )
        except CallFailed as failure:
            raise DeliveryFailed(str(failure), 0.0) from None
        if not isinstance(answer, dict) or not answer.get("is_allowed"):
            return None
        return Beginning(chat, f"vk:{chat}", self.community.variables)

    def link(self, token: str) -> str:
        return f"https://vk.me/club{self.community.group_id}" + (f"?ref={token}" if token else "")

    async def webhook(self, headers: Mapping[str, str], body: bytes) -> web.Response:
        """A call of the Callback API."""
        del headers
        return await Hook(self.community).answer(body, self._take)

    async def _take(self, event: Event) -> bool:
        """True when all that an event brings is on disk, or never will be."""
        if self._intake is None:
            return False
        for future in await self._intake.take(event):
            await future
        self._standing.connected()
        return True

    # What goes on beside

    async def _salt(self, reception: Reception) -> str:
        salt = await reception.recall(self.name, "salt")
        if salt is None:
            salt = secrets.token_hex(8)
            await reception.remember(self.name, "salt", salt)
        return salt

    def _errand(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.create_task(self._run(work))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Something that may be lost."""
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
            await self._sender.turn_page(turn.press.peer_id, number, message, turn.page)
        await self._answer(turn.press)

    async def _keep_typing(self, peer: int) -> None:
        while True:
            await self._run(partial(self._calls.call, "messages.setActivity", peer_id=peer, type="typing"))
            await asyncio.sleep(TYPING)

    async def _look(self) -> None:
        """Whether VK knows the token, where VK calls and is not called."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self._calls.call("groups.getById", group_id=self.community.group_id)
            except CallFailed as failure:
                self._standing.failed(failure)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self._standing.connected()
                return
