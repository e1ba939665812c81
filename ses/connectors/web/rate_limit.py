"""How fast one socket is read: a fast one is first simply not read, and refused only when that does not help."""

from __future__ import annotations

PATIENCE = 10.0
"""Seconds a socket may go on being too fast before its messages are refused."""


class Pace:
    """A token bucket that may go into debt: `messages` in `per` seconds, `burst` at once."""

    __slots__ = ("_burst", "_debt", "_rate", "_since", "_too_fast_since")

    def __init__(self, messages: float, per: float, burst: float, now: float) -> None:
        self._rate = messages / per
        self._burst = burst
        self._debt = 0.0
        """Messages taken that time has not paid for yet; at most `burst` of them are free."""
        self._since = now
        self._too_fast_since: float | None = None

    def take(self, now: float) -> tuple[float, bool]:
        """Count one message: the seconds to leave the socket unread, and whether patience has ended.

        At the end of patience the message is not counted; the seconds then say when the burst is free again.
        """
        self._debt = max(0.0, self._debt - (now - self._since) * self._rate)
        self._since = now
        wait = (self._debt + 1 - self._burst) / self._rate
        if wait <= 0:
            self._too_fast_since = None
        elif self._too_fast_since is None:
            self._too_fast_since = now
        elif now - self._too_fast_since > PATIENCE:
            return self._debt / self._rate, True
        self._debt += 1
        return max(0.0, wait), False
