"""How often a password or a code may be tried: from an address, and for an account."""

from __future__ import annotations

from ses.clock import Clock
from ses.flow.rate_limit import KeyedRateLimit
from ses.flow.token_bucket import Rate

ATTEMPTS = 10
PER = 60.0
"""Seconds in which so many attempts are let through."""


class LoginRateLimit:
    """A token bucket for each address and each account, the longest unused forgotten first."""

    def __init__(self, clock: Clock) -> None:
        self._limit = KeyedRateLimit[str](Rate(ATTEMPTS / PER, ATTEMPTS), clock)

    def take(self, *keys: str) -> float:
        """Count an attempt of each of these; seconds until the next when one of them had too many, else 0."""
        return max([self._limit.take(key) for key in keys])
