"""Buttons under a message: in rows, and in pages when there are many."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

from ses.connectors.keyboards import pages, rows
from ses.connectors.telegram.inbound import PAGE, owned
from ses.messages import Button

Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove

ACROSS = 4
"""Buttons in a row at most (Telegram takes 8, a telephone shows 4)."""
PER_PAGE = 40
"""Buttons of a page; Telegram takes 100, and nobody finds anything among so many."""


def keyboard(buttons: Sequence[Button], session: str, seq: int, page: int = 0) -> Markup | None:
    """The markup of a message's buttons; none when it has none.

    A button that asks for a phone or a place can only stand in the keyboard at the bottom, and then all stand there.
    """
    if not buttons:
        return None
    if any(button.request for button in buttons):
        keys = [[_key(button) for button in row] for row in _rows([one for one in buttons if not one.url])]
        return ReplyKeyboardMarkup(keys, resize_keyboard=True, one_time_keyboard=True, selective=True)
    leaves = pages(buttons, PER_PAGE)
    page = min(page, len(leaves) - 1)
    inline = [[_inline(button, session) for button in row] for row in _rows(leaves[page])]
    if len(leaves) > 1:
        inline.append(_leafing(session, seq, page, len(leaves)))
    return InlineKeyboardMarkup(inline)


def links(buttons: Sequence[Button]) -> str:
    """Buttons with addresses that have no place in the keyboard at the bottom, as lines of the text."""
    if not any(button.request for button in buttons):
        return ""
    return "\n".join(f"{button.text}: {button.url}" for button in buttons if button.url)


def _rows(buttons: Sequence[Button]) -> list[list[Button]]:
    return rows(buttons, across=ACROSS, most=len(buttons))


def _inline(button: Button, session: str) -> InlineKeyboardButton:
    if button.url:
        return InlineKeyboardButton(button.text, url=button.url)
    return InlineKeyboardButton(button.text, callback_data=owned(button.id, session))


def _key(button: Button) -> KeyboardButton:
    return KeyboardButton(
        button.text,
        request_contact=True if button.request == "phone" else None,
        request_location=True if button.request == "location" else None,
    )


def _leafing(session: str, seq: int, page: int, count: int) -> list[InlineKeyboardButton]:
    def to(target: int, label: str) -> InlineKeyboardButton:
        return InlineKeyboardButton(label, callback_data=owned(f"{PAGE}{seq}.{target}", session))

    row = [to(page - 1, "‹")] if page > 0 else []
    row.append(to(page, f"{page + 1}/{count}"))
    if page < count - 1:
        row.append(to(page + 1, "›"))
    return row
