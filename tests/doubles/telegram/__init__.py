"""Telegram's Bot API in memory, over HTTP: as strict as the real one where robots stumble, with faults on order.

Two unrelated client libraries (python-telegram-bot and aiogram) are run against it in `tests/peers`, so that it does not
become a picture of our own mistakes.
"""

from doubles.telegram.faults import Fault, Refusal
from doubles.telegram.messages import BOT, TOKEN, Sent
from doubles.telegram.people import Person
from doubles.telegram.server import TelegramFake, telegram

__all__ = ["BOT", "TOKEN", "Fault", "Person", "Refusal", "Sent", "TelegramFake", "telegram"]
