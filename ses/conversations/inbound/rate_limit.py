"""How much one conversation, and all of them together, may ask of the daemon."""

from __future__ import annotations

from dataclasses import dataclass

from ses.flow.token_bucket import Rate

LIMIT_EVENT = 60.0
"""Seconds between two events `limit` in one conversation."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`messages` in `per` seconds for each conversation, `burst` at once."""

    messages: float = 60
    per: float = 60.0
    burst: float = 20
    mailbox: int = 200
    """Unanswered inbounds of one conversation."""
    waiting: int = 50_000
    """Unanswered inbounds of all."""
    idle: int = 20_000
    """Idle conversations whose state stays in memory."""
    outbox_queues: int = 5_000
    """Conversations whose messages are under way to a channel at once; those of others wait on the disk."""
    text: int = 4096
    """Characters of an utterance; the rest is cut off before it is stored."""

    @property
    def rate(self) -> Rate:
        """Of one conversation. Connectors that know their senders' sockets hold them to the pace that is configured; this
        limit is a little wider, for those who get past."""
        return Rate(self.messages / self.per, self.burst * 1.25 + 2)
