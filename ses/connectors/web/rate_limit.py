"""How fast one socket is read: a fast one is first simply not read, and refused only when that does not help."""

from __future__ import annotations

from ses.flow.token_bucket import Rate, TokenBucket

PATIENCE = 10.0
"""Seconds a socket may go on being too fast before its messages are refused."""


class SocketRateLimit:
    """A token bucket that may go into debt: `messages` in `per` seconds, `burst` at once."""

    __slots__ = ("_bucket", "_rate", "_too_fast_since")

    def __init__(self, messages: float, per: float, burst: float, now: float) -> None:
        self._rate = Rate(messages / per, burst)
        self._bucket = TokenBucket(self._rate, now)
        self._too_fast_since: float | None = None

    def take(self, now: float) -> tuple[float, bool]:
        """Count one message: the seconds to leave the socket unread, and whether patience has ended.

        At the end of patience the message is not counted; the seconds then say when the burst is free again.
        """
        level = self._bucket.level(self._rate, now)
        if level >= 1:
            self._too_fast_since = None
        elif self._too_fast_since is None:
            self._too_fast_since = now
        elif now - self._too_fast_since > PATIENCE:
            return (self._rate.burst - level) / self._rate.per_second, True
        return self._bucket.reserve(self._rate, now), False
