"""How fast a bot may speak: so much in one chat, so much in all."""

from __future__ import annotations

from collections.abc import Callable

from cachetools import LRUCache

from ses.clock import Clock
from ses.flow.token_bucket import Rate, TokenBucket

REMEMBERED = 10_000
"""Chats whose bucket is remembered; that of a chat left alone for a minute is full anyway."""


class RateLimit:
    """The token buckets of one bot: each chat's, and its own."""

    def __init__(self, clock: Clock, *, all_chats: Rate, chat: Callable[[int], Rate]) -> None:
        """`chat`: what may be said in a chat of that number."""
        self._clock = clock
        self._rate = all_chats
        self._rate_of = chat
        self._all = TokenBucket(all_chats, clock.monotonic())
        self._chats: LRUCache[int, TokenBucket] = LRUCache(REMEMBERED)

    async def turn(self, chat: int) -> None:
        """Wait until a message may go to that chat."""
        wait = self._chat(chat).reserve(self._rate_of(chat), self._clock.monotonic())
        if wait > 0:
            await self._clock.sleep(wait)
        # The bot's own bucket is asked last: who waits for his chat must not hold up the others.
        wait = self._all.reserve(self._rate, self._clock.monotonic())
        if wait > 0:
            await self._clock.sleep(wait)

    def spare(self, chat: int) -> bool:
        """Whether something that may be left out may go: there is room for it, and for what may not be left out."""
        now = self._clock.monotonic()
        return (
            self._all.level(self._rate, now) >= 11 and self._chat(chat).level(self._rate_of(chat), now) >= 3
        )

    def hold(self, chat: int, seconds: float) -> None:
        """The messenger asked for a pause in that chat."""
        now, rate = self._clock.monotonic(), self._rate_of(chat)
        bucket = self._chat(chat)
        bucket.level(rate, now)
        bucket.hold(rate, now + seconds)

    def _chat(self, chat: int) -> TokenBucket:
        bucket = self._chats.get(chat)
        if bucket is None:
            bucket = self._chats[chat] = TokenBucket(self._rate_of(chat), self._clock.monotonic())
        return bucket
