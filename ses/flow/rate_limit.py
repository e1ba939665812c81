"""A rate limit for each of many: addresses, accounts, chats. A bounded number of them is remembered."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from ses.clock import Clock
from ses.flow.token_bucket import Rate, TokenBucket

K = TypeVar("K", bound=Hashable)

REMEMBERED = 10_000
"""Keys with a bucket of their own."""


class KeyedRateLimit(Generic[K]):
    """A token bucket for each key. Buckets that are full again are forgotten; of more than `remembered` the one unused
    longest goes too."""

    def __init__(self, rate: Rate, clock: Clock, remembered: int = REMEMBERED) -> None:
        self.rate = rate
        self._clock = clock
        self._remembered = remembered
        self._buckets: dict[K, TokenBucket] = {}
        """The longest unused first."""

    def __len__(self) -> int:
        """Keys that are remembered."""
        return len(self._buckets)

    def take(self, key: K, tokens: float = 1.0) -> float:
        """0 when that may pass (and is counted), else the seconds until it may, nothing being counted."""
        return self.bucket(key).take(self.rate, self._clock.monotonic(), tokens)

    def give_back(self, key: K, tokens: float) -> None:
        """What was taken and not used."""
        if (bucket := self._buckets.get(key)) is not None:
            bucket.give_back(tokens)

    def bucket(self, key: K) -> TokenBucket:
        """That key's bucket, from now on the one used last."""
        now = self._clock.monotonic()
        bucket = self._buckets.pop(key, None) or TokenBucket(self.rate, now)
        while self._buckets:
            oldest, other = next(iter(self._buckets.items()))
            if len(self._buckets) < self._remembered and other.level(self.rate, now) < self.rate.burst:
                break
            del self._buckets[oldest]
        self._buckets[key] = bucket
        return bucket
