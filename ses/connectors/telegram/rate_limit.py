"""How fast a bot may speak: Telegram asks for one message a second in a chat, 20 a minute in a group, 30 a second in all
(<https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>)."""

from __future__ import annotations

from ses.clock import Clock
from ses.connectors import rate_limit
from ses.flow.token_bucket import Rate

ALL_CHATS = Rate(per_second=30, burst=30)
# A few at once are let through: a turn says two or three messages, and the average is what counts.
CHAT = Rate(per_second=1, burst=3)
GROUP = Rate(per_second=1 / 3, burst=10)


class RateLimit(rate_limit.RateLimit):
    """Of one bot. Chats have identifiers above zero, groups below."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock, all_chats=ALL_CHATS, chat=lambda chat: CHAT if chat > 0 else GROUP)
