"""One website's connector: who sits in which session, and what is pushed to them."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Literal

from aiohttp import web

from ses.clock import Clock, SystemClock
from ses.connectors.contract import ConnectorState, Reception, SessionOwner
from ses.connectors.web import sender as outlets
from ses.connectors.web.config import Site, WebLimits
from ses.connectors.web.connection import Connection
from ses.connectors.web.identity import Identity
from ses.connectors.web.parse import Hello
from ses.connectors.web.render import MediaUrl
from ses.connectors.web.sender import Sender
from ses.connectors.web.session_registry import Seat, Uploads
from ses.messages import Conversation, Delta, Outgoing

FRESH_PAIRS = 100_000
"""Pairs handed out and not used yet that are remembered; the oldest go first. After a restart all are unknown."""


class WebConnector:
    """Implements `Connector` for one entry of `connectors.web`."""

    replays = True
    voice: Literal["mp3"] = "mp3"  # all browsers play it

    def __init__(
        self,
        site: Site,
        limits: WebLimits,
        *,
        clock: Clock | None = None,
        uploads: Uploads | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = f"web.{site.name}"
        self.site = site
        self.limits = limits
        self._clock = clock or SystemClock()
        self._uploads = uploads
        self._sleep = sleep
        self._reception: Reception | None = None
        self._visits: dict[str, Connection] = {}
        """By session; a visit sits here from its welcome to its end or displacement."""
        self._all: set[Connection] = set()
        self._typing: set[str] = set()
        self._fresh: OrderedDict[str, SessionOwner] = OrderedDict()
        secret = site.identity and site.identity.get_secret_value()
        self._identity = Identity(self.name, secret, self._clock) if secret else None
        self._heart: asyncio.Task[None] | None = None

    # Connector

    async def start(self, reception: Reception) -> None:
        self._reception = reception
        self._heart = asyncio.create_task(self._beat(), name=f"{self.name} heartbeat")

    async def stop(self) -> None:
        """Close every socket with 1012: pages come back to the next process by themselves."""
        if self._heart is not None:
            self._heart.cancel()
            self._heart = None
        self._reception = None
        visits = list(self._all)
        for visit in visits:
            visit.outlet.close(1012, "restart")
        await asyncio.gather(*(visit.outlet.closed() for visit in visits))

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        """Push to the reader who is there; one who is not reads it from the history when he comes."""
        visit = self._visits.get(conversation.session)
        if visit is not None:
            visit.feed.deliver(message)

    def typing(self, conversation: Conversation, on: bool) -> None:
        session = conversation.session
        if on:
            self._typing.add(session)
        else:
            self._typing.discard(session)
        visit = self._visits.get(session)
        if visit is not None:
            visit.feed.typing(on)

    def stream(self, conversation: Conversation, delta: Delta) -> None:
        visit = self._visits.get(conversation.session)
        if visit is not None:
            visit.feed.stream(delta)

    def transcript(self, conversation: Conversation, inbound: str, text: str) -> None:
        visit = self._visits.get(conversation.session)
        if visit is not None and self.site.transcription:
            visit.feed.transcript(inbound, text)

    def state(self) -> ConnectorState:
        condition: Literal["connected", "stopped"] = "connected" if self.ready else "stopped"
        return ConnectorState(self.name, self.site.robot, condition, mode=f"{self.sockets} open sockets")

    # Visitors

    @property
    def sockets(self) -> int:
        """Open websockets."""
        return len(self._all)

    @property
    def ready(self) -> bool:
        """Started and not stopped."""
        return self._reception is not None

    async def serve(self, request: web.Request, media_url: MediaUrl) -> web.WebSocketResponse:
        """Upgrade an admitted request and serve its socket to the end."""
        reception = self._reception
        transport = request.transport
        if reception is None or transport is None:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"})
        socket = outlets.accept(self.limits.frame)
        await socket.prepare(request)
        visit = Connection(
            socket,
            Sender(socket, transport, self.limits.send_queue),
            site=self.site,
            limits=self.limits,
            reception=reception,
            seats=self,
            identity=self._identity,
            uploads=self._uploads,
            media_url=media_url,
            clock=self._clock,
            sleep=self._sleep,
        )
        self._all.add(visit)
        try:
            await visit.run()
        finally:
            self._all.discard(visit)
        return socket

    async def key_fits(self, session: str, key: str) -> bytes | None:
        """The stored hash when the pair is right, else none. Takes the same time for a wrong key."""
        holder = await self._holder(session, key)
        return holder and holder.key_hash

    async def _holder(self, session: str, key: str) -> SessionOwner | None:
        """Whose the session is when the pair is right."""
        holder = self._fresh.get(session)
        if holder is None and self._reception is not None:
            holder = await self._reception.owner(Conversation(self.name, session))
        stored = holder and holder.key_hash
        given = hashlib.sha256(key.encode()).digest()
        right = secrets.compare_digest(given, stored or b"\0" * 32)
        return holder if right and stored is not None else None

    # Seats, as a visit sees them

    async def seat(self, hello: Hello, user: str) -> Seat:
        """The page's own session when its pair is right and it is no other person's, else a fresh one."""
        another = False
        if hello.session is not None and hello.key is not None:
            holder = await self._holder(hello.session, hello.key)
            if holder is not None and holder.key_hash is not None:
                fresh = hello.session in self._fresh
                owner = holder.user if holder.user.startswith(f"{self.name}:") else ""
                if owner == user or (not owner and not fresh and await self._identify(hello.session, user)):
                    return Seat(hello.session, None, holder.key_hash, begun=not fresh)
                another = bool(owner) or not fresh
        session, key = secrets.token_urlsafe(18), secrets.token_urlsafe(32)
        key_hash = hashlib.sha256(key.encode()).digest()
        self._fresh[session] = SessionOwner(key_hash, user)
        if len(self._fresh) > FRESH_PAIRS:
            self._fresh.popitem(last=False)
        return Seat(session, key, key_hash, begun=False, another=another)

    async def _identify(self, session: str, user: str) -> bool:
        assert self._reception is not None
        return await self._reception.identify(Conversation(self.name, session), user)

    def take(self, session: str, visit: Connection) -> None:
        earlier = self._visits.get(session)
        self._visits[session] = visit
        if earlier is not None:
            earlier.outlet.close(4001, "opened elsewhere")

    def leave(self, session: str, visit: Connection) -> None:
        if self._visits.get(session) is visit:
            del self._visits[session]
            self._typing.discard(session)

    def begun(self, session: str) -> None:
        self._fresh.pop(session, None)

    def is_typing(self, session: str) -> bool:
        """The robot is at work in this session."""
        return session in self._typing

    async def _beat(self) -> None:
        """PING frames to all; who left two unanswered is gone."""
        while True:
            await self._sleep(self.limits.heartbeat)
            for visit in list(self._all):
                if visit.unanswered >= 2:
                    visit.outlet.abort()
                else:
                    visit.unanswered += 1
                    visit.outlet.ping()
