"""Whether VK would take a keyboard."""

from __future__ import annotations

import json
from typing import Any

from doubles.vk.faults import ERRORS, ApiError


def checked_keyboard(text: str) -> dict[str, Any]:
    """A keyboard, if VK would take it. Raises `ApiError` 911."""
    try:
        keyboard: dict[str, Any] = json.loads(text)
        rows = keyboard["buttons"]
        inline = bool(keyboard.get("inline"))
        most_rows, most = (6, 10) if inline else (10, 40)
        if len(rows) > most_rows or sum(map(len, rows)) > most or (inline and keyboard.get("one_time")):
            raise ApiError(911)
        for row in rows:
            if not 0 < len(row) <= 5:
                raise ApiError(911)
            for button in row:
                _check_button(button)
    except (ValueError, KeyError, TypeError) as error:
        raise ApiError(911, f"{ERRORS[911]}: {error}") from None
    return keyboard


def _check_button(button: dict[str, Any]) -> None:
    action = button["action"]
    kind = action["type"]
    if kind not in {"text", "callback", "open_link", "location", "open_app", "vkpay"}:
        raise ApiError(911, f"{ERRORS[911]}: button type")
    if kind in {"text", "callback", "open_link"} and not 0 < len(action["label"]) <= 40:
        raise ApiError(911, f"{ERRORS[911]}: label")
    if kind == "open_link" and not action["link"].startswith(("http://", "https://")):
        raise ApiError(911, f"{ERRORS[911]}: link")
    payload = action.get("payload") or ""  # clients send null, and objects too
    action["payload"] = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    if len(action["payload"]) > 255 or (kind == "callback" and not payload):
        raise ApiError(911, f"{ERRORS[911]}: payload")
    if "color" in button and (kind not in {"text", "callback"} or button["color"] not in {"primary", "secondary", "negative", "positive"}):  # fmt: skip
        raise ApiError(911, f"{ERRORS[911]}: color")
