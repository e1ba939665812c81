"""A token bucket: so many at once, then so many a second."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` tokens at once, `per_second` more each second (both > 0)."""

    per_second: float
    burst: float


class TokenBucket:
    """One bucket. `now` is always monotonic seconds; a new bucket is full.

    `take` refuses what is not there; `reserve` takes on credit and tells how long to wait for it.
    """

    __slots__ = ("_at", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._tokens = rate.burst
        """May be below 0: what was reserved and time has not brought yet."""
        self._at = now

    def level(self, rate: Rate, now: float) -> float:
        """Tokens that are there, at most the burst; below 0 for debts."""
        if now > self._at:
            self._tokens += (now - self._at) * rate.per_second
            self._at = now
        self._tokens = min(rate.burst, self._tokens)
        return self._tokens

    def take(self, rate: Rate, now: float, tokens: float = 1.0) -> float:
        """0 when the tokens were there and are taken, else the seconds until they will be, none being taken."""
        left = self.level(rate, now) - tokens
        if left < 0:
            return -left / rate.per_second
        self._tokens = left
        return 0.0

    def reserve(self, rate: Rate, now: float, tokens: float = 1.0) -> float:
        """Take the tokens, on credit if need be; the seconds after which they are paid for."""
        self._tokens = self.level(rate, now) - tokens
        return max(0.0, -self._tokens / rate.per_second)

    def give_back(self, tokens: float) -> None:
        """What was taken and not used."""
        self._tokens += tokens

    def hold(self, rate: Rate, until: float) -> None:
        """Whoever sets the limit asked for a pause: no token before that instant."""
        self._tokens = min(self._tokens, 1 - (until - self._at) * rate.per_second)
