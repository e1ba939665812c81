"""What Telegram checks of a message before it takes it."""

from __future__ import annotations

import html
import re
from typing import Any

from doubles.telegram.faults import Refusal


def check_text(fields: dict[str, Any], name: str, limit: int) -> None:
    text = str(fields.get(name) or "")
    if not text.strip():
        raise Refusal(400, "Bad Request: message text is empty")
    if fields.get("parse_mode") == "HTML":
        text = without_tags(text)
    if len(text.encode("utf-16-le")) // 2 > limit:
        raise Refusal(400, f"Bad Request: {'message' if limit == 4096 else 'message caption'} is too long")


def without_tags(text: str) -> str:
    tags: list[str] = []
    for closing, tag in re.findall(r"<(/?)(\w+)[^>]*>", text):
        if tag not in ("b", "i", "u", "s", "a", "code", "pre"):
            raise Refusal(400, f'Bad Request: can\'t parse entities: Unsupported start tag "{tag}"')
        if not closing:
            tags.append(tag)
        elif not tags or tags.pop() != tag:
            raise Refusal(400, "Bad Request: can't parse entities: Unmatched end tag")
    if tags:
        raise Refusal(400, "Bad Request: can't parse entities: Can't find end tag")
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def check_markup(markup: dict[str, Any]) -> None:
    rows = markup.get("inline_keyboard")
    if rows is None:
        return
    if any(len(row) > 8 for row in rows) or sum(len(row) for row in rows) > 100:
        raise Refusal(400, "Bad Request: too many buttons")
    for row in rows:
        for button in row:
            if not button.get("text"):
                raise Refusal(400, "Bad Request: text buttons are unallowed in the inline keyboard")
            data = button.get("callback_data")
            if data is None and not button.get("url"):
                raise Refusal(400, "Bad Request: can't parse inline keyboard button")
            if data is not None and not 1 <= len(data.encode()) <= 64:
                raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
