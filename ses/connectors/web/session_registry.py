"""What one visit needs to know of the others: who sits in which session, and which files were sent before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from ses.connectors.web.parse import Hello
from ses.messages import Attachment, Conversation

if TYPE_CHECKING:
    from ses.connectors.web.connection import Connection


class Uploads(Protocol):
    """Files the visitor sent over HTTP before naming them in a message."""

    largest: int
    """Bytes of one file."""

    async def attachment(self, conversation: Conversation, upload: str) -> Attachment | None:
        """The file of that id if this session sent it."""
        ...


class SessionRegistry(Protocol):
    """Who sits in which session: one socket each."""

    async def seat(self, hello: Hello, user: str) -> Seat:
        """`user`: the person whom the site vouches for, empty for anybody."""
        ...

    def take(self, session: str, visit: Connection) -> None:
        """Give the session to this visit; who had it is displaced (4001)."""
        ...

    def leave(self, session: str, visit: Connection) -> None: ...

    def begun(self, session: str) -> None:
        """The session is stored now."""
        ...

    def is_typing(self, session: str) -> bool:
        """The robot is at work in this session."""
        ...


class Seat(msgspec.Struct, frozen=True):
    session: str
    key: str | None
    """Set when the pair is fresh."""
    key_hash: bytes
    begun: bool
    """Something was stored in it already."""
    another: bool = False
    """The page came with the pair of somebody else."""
