"""One website's connector: its sockets, and what is pushed to them."""

from __future__ import annotations

import asyncio
from typing import Literal

from aiohttp import web

from ses.clock import Clock, SystemClock
from ses.connectors.contract import ConnectorState, Reception
from ses.connectors.web.client import Sender, accept
from ses.connectors.web.config import Site, WebLimits
from ses.connectors.web.connection import Connection
from ses.connectors.web.identity import Identity
from ses.connectors.web.inbound import Uploads
from ses.connectors.web.render import MediaUrl
from ses.connectors.web.session_registry import SessionRegistry
from ses.connectors.web.status import site_state
from ses.messages import Conversation, Delta, Outgoing


class WebConnector:
    """Implements `Connector` for one entry of `connectors.web`."""

    replays = True
    voice: Literal["mp3"] = "mp3"  # all browsers play it

    def __init__(
        self, site: Site, limits: WebLimits, *, clock: Clock | None = None, uploads: Uploads | None = None
    ) -> None:
        self.name = f"web.{site.name}"
        self.site = site
        self.limits = limits
        self.sessions: SessionRegistry[Connection] = SessionRegistry(self.name)
        self._clock = clock or SystemClock()
        self._uploads = uploads
        self._connections: set[Connection] = set()
        secret = site.identity and site.identity.get_secret_value()
        self._identity = Identity(self.name, secret, self._clock) if secret else None
        self._heart: asyncio.Task[None] | None = None

    # Connector

    async def start(self, reception: Reception) -> None:
        self.sessions.reception = reception
        self._heart = asyncio.create_task(self._beat(), name=f"{self.name} heartbeat")

    async def stop(self) -> None:
        """Close every socket with 1012: pages come back to the next process by themselves."""
        if self._heart is not None:
            self._heart.cancel()
            self._heart = None
        self.sessions.reception = None
        connections = list(self._connections)
        for connection in connections:
            connection.sender.close(1012, "restart")
        await asyncio.gather(*(connection.sender.closed() for connection in connections))

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        """Push to the reader who is there; one who is not reads it from the history when he comes."""
        connection = self.sessions.attached(conversation.session)
        if connection is not None:
            connection.push_stream.deliver(message)

    def typing(self, conversation: Conversation, on: bool) -> None:
        self.sessions.set_typing(conversation.session, on)
        connection = self.sessions.attached(conversation.session)
        if connection is not None:
            connection.push_stream.typing(on)

    def stream(self, conversation: Conversation, delta: Delta) -> None:
        connection = self.sessions.attached(conversation.session)
        if connection is not None:
            connection.push_stream.stream(delta)

    def transcript(self, conversation: Conversation, inbound: str, text: str) -> None:
        connection = self.sessions.attached(conversation.session)
        if connection is not None and self.site.transcription:
            connection.push_stream.transcript(inbound, text)

    def state(self) -> ConnectorState:
        return site_state(self.site, running=self.ready, sockets=self.sockets)

    # Visitors

    @property
    def sockets(self) -> int:
        """Open websockets."""
        return len(self._connections)

    @property
    def ready(self) -> bool:
        """Started and not stopped."""
        return self.sessions.reception is not None

    async def serve(self, request: web.Request, media_url: MediaUrl) -> web.WebSocketResponse:
        """Upgrade an authorized request and serve its socket to the end."""
        reception = self.sessions.reception
        transport = request.transport
        if reception is None or transport is None:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"})
        socket = accept(self.limits.frame)
        await socket.prepare(request)
        connection = Connection(
            socket,
            Sender(socket, transport, self.limits.send_queue),
            site=self.site,
            limits=self.limits,
            reception=reception,
            registry=self.sessions,
            identity=self._identity,
            uploads=self._uploads,
            media_url=media_url,
            clock=self._clock,
        )
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)
        return socket

    async def _beat(self) -> None:
        """PING frames to all; who left two unanswered is gone."""
        while True:
            await self._clock.sleep(self.limits.heartbeat)
            for connection in list(self._connections):
                if connection.unanswered >= 2:
                    connection.sender.abort()
                else:
                    connection.unanswered += 1
                    connection.sender.ping()
