"""Buttons as MAX's inline keyboards: <https://dev.max.ru/docs-api/use-cases/sending-messages/keyboard>."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ses.connectors.keyboards import rows
from ses.messages import Button

ROWS, ACROSS, SPECIAL = 30, 7, 3
"""Rows of a keyboard; buttons of a row; buttons of a row in which one opens an address or asks for something."""
LABEL = 128
"""Characters."""


def sheets(buttons: Sequence[Button]) -> list[dict[str, Any]]:
    """The keyboards for a message's buttons: one, unless there are more than MAX takes under one message."""
    across = SPECIAL if any(button.url or button.request for button in buttons) else ACROSS
    most = ROWS * across
    parts = [buttons[start : start + most] for start in range(0, len(buttons), most)]
    return [_keyboard(part, across) for part in parts]


def _keyboard(buttons: Sequence[Button], across: int) -> dict[str, Any]:
    laid = [[_button(button) for button in row] for row in rows(buttons, across=across, most=ROWS)]
    return {"type": "inline_keyboard", "payload": {"buttons": laid}}


def _button(button: Button) -> dict[str, Any]:
    label = button.text if len(button.text) <= LABEL else f"{button.text[: LABEL - 1].rstrip()}…"
    if button.url:
        return {"type": "link", "text": label, "url": button.url}
    match button.request:
        case "phone":
            return {"type": "request_contact", "text": label}
        case "location":
            return {"type": "request_geo_location", "text": label, "quick": False}
    return {"type": "callback", "text": label, "payload": button.id}
