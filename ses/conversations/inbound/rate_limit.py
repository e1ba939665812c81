"""How much one conversation, and all of them together, may ask of the daemon."""

from __future__ import annotations

from dataclasses import dataclass

LIMIT_EVENT = 60.0
"""Seconds between two events `limit` in one conversation."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`messages` in `per` seconds for each conversation, `burst` at once.

    Connectors that know their senders' sockets slow them down to that pace first; here stands the last fence, a
    little wider, for those who get past.
    """

    messages: float = 60
    per: float = 60.0
    burst: float = 20
    mailbox: int = 200
    """Unanswered inbounds of one conversation."""
    waiting: int = 50_000
    """Unanswered inbounds of all."""
    held: int = 20_000
    """Idle conversations whose state stays in memory."""
    text: int = 4096
    """Characters of an utterance; the rest is cut off before it is stored."""

    @property
    def capacity(self) -> float:
        """Messages at once that pass this fence."""
        return self.burst * 1.25 + 2


class Bucket:
    """Tokens of one conversation: each message takes one, they come back evenly."""

    __slots__ = ("_since", "_tokens")

    def __init__(self, limits: Limits, now: float) -> None:
        self._tokens = limits.capacity
        self._since = now

    def take(self, limits: Limits, now: float) -> float:
        """0 when the message may pass, else the seconds until one may. `now` is monotonic."""
        rate = limits.messages / limits.per
        tokens = min(limits.capacity, self._tokens + (now - self._since) * rate)
        self._since = now
        if tokens >= 1.0:
            self._tokens = tokens - 1.0
            return 0.0
        self._tokens = tokens
        return (1.0 - tokens) / rate
