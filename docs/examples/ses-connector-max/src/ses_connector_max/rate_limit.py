"""How fast a bot may speak: MAX takes thirty calls a second of one bot, and two messages a second in one chat."""

from __future__ import annotations

from ses.clock import Clock
from ses.connectors import rate_limit
from ses.flow.token_bucket import Rate

ALL_CHATS = Rate(per_second=28, burst=28)
"""Two calls a second are left for presses and polls."""
CHAT = Rate(per_second=2, burst=2)


class RateLimit(rate_limit.RateLimit):
    """Of one bot."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock, all_chats=ALL_CHATS, chat=lambda chat: CHAT)
