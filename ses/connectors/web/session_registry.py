"""Which sessions a site has handed out, and which socket has opened each: one at a time."""

from __future__ import annotations

import hashlib
import secrets
from typing import Generic, Protocol, TypeVar

import msgspec
from cachetools import LRUCache

from ses.connectors.contract import Reception, SessionOwner
from ses.connectors.web.parse import Hello
from ses.messages import Conversation

FRESH_PAIRS = 100_000
"""Pairs handed out and not used yet that are remembered; those that nobody showed for longest go first. After a restart all are
unknown."""


class Displaceable(Protocol):
    """A socket that has opened a session."""

    def displaced(self) -> None:
        """Another socket has opened the session."""
        ...


Socket = TypeVar("Socket", bound=Displaceable)


class OpenedSession(msgspec.Struct, frozen=True):
    """The session a page gets on its `hello`."""

    id: str
    key: str | None
    """Set when the pair is fresh."""
    key_hash: bytes
    begun: bool
    """Something was stored in it already."""
    another: bool = False
    """The page came with the pair of somebody else."""


class SessionRegistry(Generic[Socket]):
    def __init__(self, connector: str, fresh_pairs: int = FRESH_PAIRS) -> None:
        """`connector`: its full name, `web.site`."""
        self.reception: Reception | None = None
        """None while the connector is stopped: then only fresh pairs are known."""
        self._connector = connector
        self._sockets: dict[str, Socket] = {}
        """By session; a socket stands here from its welcome to its end or displacement."""
        self._typing: set[str] = set()
        self._fresh: LRUCache[str, SessionOwner] = LRUCache(fresh_pairs)

    async def open(self, hello: Hello, user: str) -> OpenedSession:
        """The page's own session when its pair is right and it is no other person's, else a fresh one.

        `user`: the person whom the site vouches for, empty for anybody.
        """
        another = False
        if hello.session is not None and hello.key is not None:
            owner = await self._owner(hello.session, hello.key)
            if owner is not None and owner.key_hash is not None:
                fresh = hello.session in self._fresh
                person = owner.user if owner.user.startswith(f"{self._connector}:") else ""
                if person == user or (not person and not fresh and await self._identify(hello.session, user)):
                    return OpenedSession(hello.session, None, owner.key_hash, begun=not fresh)
                another = bool(person) or not fresh
        session, key = secrets.token_urlsafe(18), secrets.token_urlsafe(32)
        key_hash = hashlib.sha256(key.encode()).digest()
        self._fresh[session] = SessionOwner(key_hash, user)
        return OpenedSession(session, key, key_hash, begun=False, another=another)

    async def key_fits(self, session: str, key: str) -> bool:
        """Whether the pair is right. Takes the same time for a wrong key."""
        return await self._owner(session, key) is not None

    def attach(self, session: str, socket: Socket) -> None:
        """Give the session to this socket; the one that had it is displaced."""
        earlier = self._sockets.get(session)
        self._sockets[session] = socket
        if earlier is not None:
            earlier.displaced()

    def detach(self, session: str, socket: Socket) -> None:
        """The socket has ended. Does nothing if it was displaced."""
        if self._sockets.get(session) is socket:
            del self._sockets[session]
            self._typing.discard(session)

    def attached(self, session: str) -> Socket | None:
        """The socket that has opened the session; none while no page is there."""
        return self._sockets.get(session)

    def begun(self, session: str) -> None:
        """The session is stored now."""
        self._fresh.pop(session, None)

    def set_typing(self, session: str, on: bool) -> None:
        """The robot is at work in this session, or no more."""
        if on:
            self._typing.add(session)
        else:
            self._typing.discard(session)

    def is_typing(self, session: str) -> bool:
        """The robot is at work in this session."""
        return session in self._typing

    async def _owner(self, session: str, key: str) -> SessionOwner | None:
        """Whose the session is when the pair is right."""
        owner = self._fresh.get(session)
        if owner is None and self.reception is not None:
            owner = await self.reception.owner(Conversation(self._connector, session))
        stored = owner and owner.key_hash
        given = hashlib.sha256(key.encode()).digest()
        right = secrets.compare_digest(given, stored or b"\0" * 32)
        return owner if right and stored is not None else None

    async def _identify(self, session: str, user: str) -> bool:
        assert self.reception is not None
        return await self.reception.identify(Conversation(self._connector, session), user)
