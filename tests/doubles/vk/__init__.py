"""VK for tests: people, the API, Bots Long Poll, Callback API and uploads in one aiohttp application.

It answers as VK does, mistakes of its callers too, and fails when told to.
"""

from doubles.vk.faults import ERRORS, ApiError, Fault
from doubles.vk.keyboards import checked_keyboard
from doubles.vk.messages import CHATS, Message, Press
from doubles.vk.server import FakeVk, running

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
