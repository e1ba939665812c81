"""One conversation in memory: what waits to be answered, and its state between two turns."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from ses.flow.token_bucket import TokenBucket
from ses.messages import Conversation, Inbound
from ses.storage.rows import SessionRow


class Unanswered(NamedTuple):
    """A durable inbound without an answer."""

    row: int
    inbound: Inbound
    suspicion: int = 0


class Mailbox:
    """Inbounds of one conversation in their order. It has a task only while something waits.

    Idle, it is about 600 bytes and the encoded session.
    """

    __slots__ = (
        "arriving",
        "blocked",
        "bucket",
        "conversation",
        "expires",
        "key_hash",
        "limited",
        "next_inbound",
        "private",
        "robot",
        "row",
        "seq",
        "state",
        "task",
        "turn",
        "user",
        "waiting",
    )

    def __init__(self, conversation: Conversation, robot: str) -> None:
        self.conversation = conversation
        self.robot = robot
        self.row = 0
        """Of the session in the store; 0 until the store told."""
        self.state: bytes | None = None
        self.turn = 0
        self.seq = 0
        self.private = False
        self.expires = 0.0
        self.key_hash: bytes | None = None
        self.user = ""
        self.waiting: deque[Unanswered] | None = None
        self.arriving = 0
        """Inbounds on their way to the disk."""
        self.task: asyncio.Task[None] | None = None
        self.blocked = False
        """Its head is a poison candidate, or its robot is missing: nothing runs."""
        self.bucket: TokenBucket | None = None
        self.limited = float("-inf")
        """When it was last told of a limit (monotonic)."""
        self.next_inbound: asyncio.Event | None = None
        """Set when something comes while somebody waits for it."""

    @property
    def idle(self) -> bool:
        return not self.waiting and not self.arriving and self.task is None

    def load(self, row: SessionRow) -> None:
        """Take over what the store knows; what this process has done since is newer."""
        if self.row:
            return
        self.row = row.id
        self.robot = row.robot
        self.state = row.state
        self.turn = row.turn
        self.seq = row.seq
        self.private = bool(row.private)
        self.expires = row.expires
        self.key_hash = row.key_hash
        self.user = row.user

    def put(self, unanswered: Unanswered) -> None:
        if self.waiting is None:
            self.waiting = deque()
        self.waiting.append(unanswered)
        if self.next_inbound is not None:
            self.next_inbound.set()

    def shrink(self) -> None:
        """Let go of what only a busy conversation needs."""
        self.waiting = None
        self.next_inbound = None
