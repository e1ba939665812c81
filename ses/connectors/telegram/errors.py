"""What Telegram's refusals mean for a message on its way."""

from __future__ import annotations

from datetime import timedelta

from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from ses.connectors.contract import DeliveryFailed
from ses.connectors.telegram.request import Unsent

REVOKED = 60.0
"""Seconds between two attempts while Telegram does not know the token."""


def doubtful(error: TelegramError) -> bool:
    """Whether the message may have been sent although no answer came. It is sent again then: Telegram knows no key by
    which it would drop the second copy."""
    return isinstance(error, NetworkError) and not isinstance(error, BadRequest | Unsent)


def failure(error: TelegramError) -> DeliveryFailed:
    """The contract's word for an error of Telegram."""
    if isinstance(error, RetryAfter):
        return DeliveryFailed(f"Telegram asks for a pause: {error}", seconds(error))
    if isinstance(error, InvalidToken):
        return DeliveryFailed("Telegram does not know the bot's token", REVOKED)
    if isinstance(error, Forbidden | BadRequest):
        return DeliveryFailed(f"Telegram refuses it: {error}", None)
    return DeliveryFailed(f"Telegram: {error}", 0.0)


def seconds(error: RetryAfter) -> float:
    """The pause that Telegram asks for."""
    # The public attribute warns of a change of its type to come; this one has that type already.
    pause: timedelta = error._retry_after  # noqa: SLF001
    return pause.total_seconds()
