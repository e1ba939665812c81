"""What lies in the conversations of the emulated VK."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CHATS = 2_000_000_000
"""Above it: group chats."""


@dataclass
class Message:
    """A message in a conversation."""

    peer_id: int
    from_id: int
    number: int
    """`conversation_message_id`"""
    id: int
    date: int
    text: str = ""
    attachments: list[dict[str, Any]] = field(default_factory=list)
    keyboard: dict[str, Any] | None = None
    payload: str = ""
    random_id: int = 0
    edited: int = 0
    """How often."""
    more: dict[str, Any] = field(default_factory=dict)

    def shown(self, community: int) -> dict[str, Any]:
        """As the API gives it."""
        shown = {
            "date": self.date,
            "from_id": self.from_id,
            "id": 0 if self.peer_id > CHATS else self.id,
            "out": int(self.from_id == -community),
            "version": 1 + self.edited,
            "attachments": self.attachments,
            "conversation_message_id": self.number,
            "fwd_messages": [],
            "important": False,
            "is_hidden": False,
            "peer_id": self.peer_id,
            "random_id": self.random_id,
            "text": self.text,
            **self.more,
        }
        if self.payload:
            shown["payload"] = self.payload
        if self.keyboard is not None:
            shown["keyboard"] = self.keyboard
        return shown


@dataclass
class Press:
    """A press of a callback button."""

    event_id: str
    user_id: int
    peer_id: int
    answers: list[str | None] = field(default_factory=list)
