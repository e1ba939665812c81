"""Telegram's Bot API in memory, over HTTP: as strict as the real one where robots stumble, with faults on order.

Two unrelated client libraries (python-telegram-bot and aiogram) are run against it in `tests/peers`, so that it does not
become a picture of our own mistakes.
"""

from ses.connectors.telegram.testing.faults import Fault, Refusal
from ses.connectors.telegram.testing.messages import BOT, TOKEN, Sent
from ses.connectors.telegram.testing.people import Person
from ses.connectors.telegram.testing.server import TelegramFake, telegram

__all__ = ["BOT", "TOKEN", "Fault", "Person", "Refusal", "Sent", "TelegramFake", "telegram"]
