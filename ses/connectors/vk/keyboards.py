"""Buttons as VK's keyboards: <https://dev.vk.com/ru/api/bots/development/keyboard>."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ses.connectors.keyboards import pages, rows
from ses.connectors.vk.inbound import BUTTON, PAGE
from ses.messages import Button, Outgoing

INLINE = 10
"""Buttons of a keyboard inside a message: at most 5 in each of 6 rows."""
BELOW = 40
"""Buttons of a keyboard below the conversation: at most 5 in each of 10 rows."""
LABEL = 40
"""Characters."""

_encode = msgspec.json.Encoder().encode


def inline(message: Outgoing, page: int = 0) -> str | None:
    """A page of the keyboard that stands inside the message; none without buttons."""
    sheets = pages(_sendable(message.buttons), INLINE)
    if not sheets:
        return None
    page = min(page, len(sheets) - 1)
    laid = [[_callback(button) for button in row] for row in rows(sheets[page], across=5, most=5)]
    if len(sheets) > 1:
        here = f"{page + 1}/{len(sheets)}"
        turns = [("‹", page - 1)] if page else []
        turns += [("›", page + 1)] if page + 1 < len(sheets) else []
        laid.append(
            [
                _turn(f"{sign} {here}" if sign == "›" else f"{here} {sign}", message.seq, to)
                for sign, to in turns
            ]
        )
    return _json({"inline": True, "buttons": laid})


def below(message: Outgoing) -> str | None:
    """For old apps: a keyboard below the conversation, that goes when it was used. What is over forty is left out."""
    buttons = _sendable(message.buttons)[:BELOW]
    if not buttons:
        return None
    laid = [[_plain(button) for button in row] for row in rows(buttons, across=5, most=10)]
    return _json({"one_time": True, "inline": False, "buttons": laid})


def labels(message: Outgoing) -> str:
    """The buttons as lines of text, for where no keyboard may be shown; a typed label is as good as a press."""
    return "\n".join(f"— {button.text}" for button in message.buttons)


def _sendable(buttons: Sequence[Button]) -> list[Button]:
    """VK cannot ask for a telephone number: it is typed."""
    return [button for button in buttons if button.request != "phone" or button.id]


def _callback(button: Button) -> dict[str, Any]:
    return _button(button, "callback")


def _plain(button: Button) -> dict[str, Any]:
    return _button(button, "text")


def _button(button: Button, kind: str) -> dict[str, Any]:
    if button.url:
        return {"action": {"type": "open_link", "link": button.url, "label": _label(button.text)}}
    if button.request == "location":
        return {"action": {"type": "location"}}
    payload = _json({BUTTON: button.id})
    return {"action": {"type": kind, "label": _label(button.text), "payload": payload}, "color": "secondary"}


def _turn(label: str, seq: int, page: int) -> dict[str, Any]:
    payload = _json({PAGE: f"{seq}.{page}"})
    return {"action": {"type": "callback", "label": label, "payload": payload}, "color": "primary"}


def _label(text: str) -> str:
    return text if len(text) <= LABEL else f"{text[: LABEL - 1].rstrip()}…"


def _json(value: Any) -> str:
    return _encode(value).decode()
