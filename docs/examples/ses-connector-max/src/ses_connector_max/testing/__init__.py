"""A double of MAX for tests: the Bot API over HTTP, as strict as the real one, and people who talk to the bot.

What it knows of the API is from <https://dev.max.ru/docs-api> and its schema; two unrelated clients drive it in the tests.
"""

from ses_connector_max.testing.server import MaxFake, running
from ses_connector_max.testing.shapes import BOT, TOKEN, Fault, Sent

__all__ = ["BOT", "TOKEN", "Fault", "MaxFake", "Sent", "running"]
