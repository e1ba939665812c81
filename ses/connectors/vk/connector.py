"""One community's connector: what comes from VK is stored, what the robot says is sent."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Coroutine, Mapping
from typing import Any

import msgspec
import structlog
from aiohttp import web

from ses.clock import Clock, SystemClock
from ses.connectors.contract import Reception
from ses.connectors.turnstile import Turnstile
from ses.connectors.vk.catching_up import Missed
from ses.connectors.vk.client import WRONG_TOKEN, CallFailed, Calls
from ses.connectors.vk.config import Community
from ses.connectors.vk.files import Files, FindFile
from ses.connectors.vk.hook import Hook
from ses.connectors.vk.incoming import Arrived, PageTurn, Reader, peer_of
from ses.connectors.vk.pace import Pace
from ses.connectors.vk.parse import Event, Malformed, Press, parse
from ses.connectors.vk.polling import WAIT, Failure, News, Poller
from ses.connectors.vk.sending import Sender
from ses.messages import Conversation, Delta, Inbound, Outgoing

log = structlog.get_logger("ses.connectors")

TYPING = 8.0
"""Seconds between signs that the robot is at work; VK shows one for ten."""
HELD = 500
"""Inbounds that wait to be stored; above it no news is fetched."""
ONE_ACT = 30.0
"""Seconds in which allowing messages and «Начать» are one act of one person."""
REMEMBERED = 10_000


class VkConnector:
    """Implements `Connector` for one entry of `connectors.vk`."""

    replays = False

    def __init__(
        self, community: Community, *, find_file: FindFile, clock: Clock | None = None, wait: int = WAIT
    ) -> None:
        """`wait`: seconds that VK holds a call until there is news."""
        self.name = f"vk.{community.name}"
        self.community = community
        self._clock = clock or SystemClock()
        self._wait = wait
        self._calls = Calls(community.token, community.api, Pace(self._clock))
        self._sender = Sender(self._calls, Files(self._calls, find_file), self.name)
        self._reader = Reader(community, self._clock)
        self._reception: Reception | None = None
        self._turnstile: Turnstile | None = None
        self._poller: Poller | None = None
        self._missed: Missed | None = None
        self._reading: asyncio.Task[None] | None = None
        """Notes, batch by batch, how far VK was read."""
        self._batches: asyncio.Queue[tuple[str, list[asyncio.Future[bool]]]] = asyncio.Queue()
        self._errands: set[asyncio.Task[None]] = set()
        self._typing: dict[str, asyncio.Task[None]] = {}
        self._old_apps: set[int] = set()
        """People whose app shows no keyboards inside messages."""
        self._begun: OrderedDict[str, float] = OrderedDict()
        """Conversations that are known to have begun, and when they were told to (monotonic)."""
        self._trouble = ""

    # Connector

    async def start(self, reception: Reception) -> None:
        """Returns at once: whether VK knows the token is found out behind it."""
        self._reception = reception
        self._turnstile = Turnstile(reception)
        salt = await reception.recall(self.name, "salt")
        if salt is None:
            salt = secrets.token_hex(8)
            await reception.remember(self.name, "salt", salt)
        self._sender.salt = salt
        if self.community.mode == "callback":
            self._errand(self._look())
            return
        self._missed = Missed(self._calls, self._reader)
        place = _Place.decode(await reception.recall(self.name, "place"))
        self._missed.since = place.at
        self._reading = asyncio.create_task(self._note_places(), name=f"{self.name} places")
        self._poller = Poller(
            self.community, place.ts, news=self._news, failed=self._poll_failed, wait=self._wait
        )
        self._poller.start()

    async def refuse(self) -> None:
        """Hear nothing more; what was not stored is fetched again by the next process. Deliveries go on."""
        if self._poller is not None:
            self._poller.stop()
            self._poller = None
        tasks = [*self._errands, *self._typing.values(), *([self._reading] if self._reading else [])]
        for task in tasks:
            task.cancel()
        if self._turnstile is not None:
            await self._turnstile.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._typing.clear()
        self._turnstile = self._reading = None

    async def stop(self) -> None:
        await self.refuse()
        self._calls.close()

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        self.typing(conversation, on=False)
        old_app = conversation.session.isdecimal() and int(conversation.session) in self._old_apps
        await self._sender.send(conversation, message, old_app=old_app)

    def typing(self, conversation: Conversation, on: bool) -> None:
        session = conversation.session
        if on and session not in self._typing and session.partition(":")[0].isdecimal():
            self._typing[session] = asyncio.create_task(self._keep_typing(peer_of(session)))
        elif not on and (task := self._typing.pop(session, None)) is not None:
            task.cancel()

    def stream(self, conversation: Conversation, delta: Delta) -> None:
        """VK shows no drafts, and edits would eat the calls of all conversations: the whole text comes at its end."""

    # What VK brings

    async def hook(self, headers: Mapping[str, str], body: bytes) -> web.Response:
        """A call of the Callback API."""
        del headers
        return await Hook(self.community).answer(body, self._take_stored)

    async def _take_stored(self, event: Event) -> bool:
        """Take an event; true when all it brought is on disk."""
        if self._turnstile is None:
            return False
        return all([await future for future in await self._take(event)] or [True])

    async def _news(self, news: News) -> None:
        if self._trouble:
            log.info("VK answers again", connector=self.name)
            self._trouble = ""
        stored: list[asyncio.Future[bool]] = []
        for update in news.updates:
            try:
                stored += await self._take(parse(msgspec.json.encode(update)))
            except Malformed as error:
                log.warning("an event of VK cannot be read", connector=self.name, reason=str(error))
        if news.failed in (1, 3) and self._missed is not None:
            log.warning("VK forgot some events; unanswered conversations are read", connector=self.name)
            for arrived in await self._missed.fetch():
                stored += await self._arrive(arrived)
        self._batches.put_nowait((news.ts, stored))
        if self._turnstile is not None:
            await self._turnstile.at_most(HELD)

    async def _take(self, event: Event) -> list[asyncio.Future[bool]]:
        stored: list[asyncio.Future[bool]] = []
        for arrived in self._reader.read(event):
            if isinstance(arrived, PageTurn):
                self._errand(self._turn_page(arrived))
            else:
                stored += await self._arrive(arrived)
        return stored

    async def _arrive(self, arrived: Arrived) -> list[asyncio.Future[bool]]:
        inbound, turnstile = arrived.inbound, self._turnstile
        if arrived.client is not None and inbound.session.isdecimal():
            known = self._old_apps.discard if arrived.client.inline_keyboard else self._old_apps.add
            known(int(inbound.session))
        if turnstile is None or not await self._wanted(arrived):
            return []
        if arrived.callback is not None:
            self._errand(self._answer(arrived.callback))
        return [turnstile.enter(inbound)]

    async def _wanted(self, arrived: Arrived) -> bool:
        """Whether it is for a conversation in this state. The first inbound of one brings the connector's variables."""
        inbound, now = arrived.inbound, self._clock.monotonic()
        begun = await self._has_begun(inbound)
        if (arrived.begun_only and not begun) or (arrived.fresh_only and begun):
            return False
        if (
            begun
            and inbound.event == "start"
            and not inbound.payload
            and now - self._begun[inbound.session] < ONE_ACT
        ):
            return False
        if not begun:
            inbound.variables = dict(self.community.variables)
            self._begin(inbound.session, now)
        return True

    async def _has_begun(self, inbound: Inbound) -> bool:
        if inbound.session in self._begun:
            return True
        assert self._reception is not None
        begun = bool(await self._reception.history(inbound.conversation, after=None, limit=1))
        if begun:
            self._begin(inbound.session, float("-inf"))
        return begun

    def _begin(self, session: str, now: float) -> None:
        self._begun[session] = now
        if len(self._begun) > REMEMBERED:
            self._begun.popitem(last=False)

    async def _note_places(self) -> None:
        """A place is noted when everything before it is on disk: after a crash nothing is missing, and what comes twice
        is known by its id."""
        while True:
            ts, stored = await self._batches.get()
            await asyncio.gather(*stored, return_exceptions=True)
            assert self._reception is not None
            at = self._clock.now()
            if self._missed is not None:
                self._missed.since = at
            try:
                await self._reception.remember(self.name, "place", _Place(ts, at).encode())
            except Exception:
                log.exception("how far VK was read could not be noted", connector=self.name)

    # What goes on beside

    def _errand(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._run(work))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Something that may be lost."""
        try:
            await work
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
            await self._run(self._calls.call("messages.setActivity", peer_id=peer, type="typing"))
            await asyncio.sleep(TYPING)

    async def _look(self) -> None:
        """Whether VK knows the token."""
        try:
            await self._calls.call("groups.getById", group_id=self.community.group_id)
        except CallFailed as failure:
            self._poll_failed(Failure(str(failure), 0.0, failure.code))

    def _poll_failed(self, failure: Failure) -> None:
        """Said once for each kind of trouble, not with every attempt."""
        if failure.reason == self._trouble:
            return
        self._trouble = failure.reason
        if failure.code in WRONG_TOKEN:
            log.error(
                "VK does not know the community's token; put the right one into the configuration",
                connector=self.name,
                setting=f"connectors.{self.name}.token",
                reason=failure.reason,
            )
        else:
            log.warning("VK cannot be read; it is tried again", connector=self.name, reason=failure.reason)


class _Place(msgspec.Struct):
    """How far a community's events were read."""

    ts: str = ""
    at: float = 0.0
    """When, seconds since 1970; 0: never."""

    def encode(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def decode(cls, text: str | None) -> _Place:
        return msgspec.json.decode(text, type=cls) if text else cls()
