"""VK for tests: people, the API, Bots Long Poll, Callback API and uploads in one aiohttp application.

It answers as VK does, mistakes of its callers too, and fails when told to.
"""

from ses.connectors.vk.testing.faults import ERRORS, ApiError, Fault
from ses.connectors.vk.testing.keyboards import checked_keyboard
from ses.connectors.vk.testing.messages import CHATS, Message, Press
from ses.connectors.vk.testing.server import FakeVk, running

__all__ = [
    "CHATS",
    "ERRORS",
    "ApiError",
    "FakeVk",
    "Fault",
    "Message",
    "Press",
    "checked_keyboard",
    "running",
]
