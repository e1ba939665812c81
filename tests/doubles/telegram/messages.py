"""The bot, and its messages as their readers have them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

TOKEN = "123456:TEST-token-of-a-fake-bot"
BOT = {
    "id": 123456,
    "is_bot": True,
    "first_name": "Пицца",
    "username": "pizza_bot",
    "can_join_groups": True,
    "can_read_all_group_messages": True,
    "supports_inline_queries": False,
}


@dataclass
class Sent:
    """A message of the bot as its reader has it."""

    id: int
    chat: int
    method: str
    fields: dict[str, Any]
    files: dict[str, tuple[str, bytes]]
    """Field → name and bytes."""
    answered: bool = True
    """False: the bot never learned that it was carried out."""
    at: float = field(default_factory=time.monotonic)
    """When it was carried out (monotonic)."""
    edits: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return str(self.fields.get("text") or self.fields.get("caption") or "")

    @property
    def markup(self) -> dict[str, Any]:
        markup: dict[str, Any] = self.fields.get("reply_markup") or {}
        return markup

    @property
    def buttons(self) -> list[dict[str, Any]]:
        """All buttons, whatever their row."""
        rows = self.markup.get("inline_keyboard") or self.markup.get("keyboard") or []
        return [button for row in rows for button in row]
