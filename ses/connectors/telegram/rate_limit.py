"""How fast a bot may speak: Telegram asks for one message a second in a chat, 20 a minute in a group, 30 a second in all
(<https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ses.clock import Clock
from ses.connectors import rate_limit
from ses.connectors.rate_limit import Bucket


class Pace(rate_limit.Pace):
    """The buckets of one bot. Chats have identifiers above zero, groups below."""

    def __init__(self, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        super().__init__(clock, all_chats=Bucket(1 / 30, 30), chat=_bucket, sleep=sleep)


def _bucket(chat: int) -> Bucket:
    # A few at once are let through: a turn says two or three messages, and the average is what counts.
    return Bucket(1.0, 3) if chat > 0 else Bucket(3.0, 10)
