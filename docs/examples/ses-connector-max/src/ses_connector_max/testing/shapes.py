"""What passes between the double and its tests."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "f9LHodD0cOLtest"  # noqa: S105  of nobody
BOT = {
    "user_id": 77,
    "first_name": "Печь",
    "name": "Печь",
    "username": "oven_bot",
    "is_bot": True,
    "last_activity_time": 1770679711537,
}


@dataclass(slots=True)
class Sent:
    """A message of the bot."""

    mid: str
    where: dict[str, int]
    text: str
    format: str | None
    attachments: list[dict[str, Any]]
    edits: int = 0

    @property
    def buttons(self) -> list[dict[str, Any]]:
        boards = [one["payload"]["buttons"] for one in self.attachments if one["type"] == "inline_keyboard"]
        return [button for board in boards for row in board for button in row]


@dataclass(slots=True)
class Fault:
    """What is answered instead to the next calls of a path."""

    path: str
    status: int
    """0: the connection breaks after the call was carried out."""
    code: str = "internal.error"
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)


def chat_of(user: int) -> int:
    """The dialogue's id: another one than the person's, as in MAX."""
    return user + 5_000_000


def now() -> int:
    """Milliseconds."""
    return int(time.time() * 1000)


def error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    text = json.dumps({"code": code, "message": message})
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)
