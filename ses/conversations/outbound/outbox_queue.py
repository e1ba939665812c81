"""The outbox queue: the messages of one conversation that are under way to a channel."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from ses.messages import Conversation, Outgoing

IN_MEMORY = 20
"""Messages of one conversation in memory; more wait in the outbox."""


class QueuedDelivery(NamedTuple):
    """A message to be delivered."""

    at: float
    """When it was said, seconds since 1970."""
    message: Outgoing


class OutboxQueue:
    """It exists only while there is something to deliver. `session` 0: its messages count as delivered already, these are
    live pushes, and the outbox knows nothing of them."""

    __slots__ = ("conversation", "deliveries", "last", "on_disk", "pausing", "robot", "session", "task")

    def __init__(self, conversation: Conversation, robot: str, session: int) -> None:
        self.conversation = conversation
        self.robot = robot
        self.session = session
        self.deliveries: deque[QueuedDelivery] = deque()
        self.on_disk = 0
        """Messages that were left in the outbox since it was last read."""
        self.last = 0
        """The highest `seq` that came into memory."""
        self.pausing = False
        """Between two attempts, or before a message that is to come later: nothing is lost by stopping here."""
        self.task: asyncio.Task[None] | None = None

    def put(self, at: float, message: Outgoing) -> None:
        """Behind the others, in memory or, when there are many, by leaving it where it is stored."""
        if self.session and (self.on_disk or len(self.deliveries) >= IN_MEMORY):
            self.on_disk += 1
            return
        self.deliveries.append(QueuedDelivery(at, message))
        self.last = message.seq
