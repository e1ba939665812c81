"""Buttons laid out within a channel's limits: rows by the length of labels, pages when they are too many."""

from __future__ import annotations

from collections.abc import Sequence

from ses.messages import Button

LETTERS = 28
"""Letters of labels that are still read well in one row of a telephone."""


def pages(buttons: Sequence[Button], most: int) -> list[tuple[Button, ...]]:
    """Pages of at most `most` buttons; when there are several, each leaves room for two that turn the page."""
    if len(buttons) <= most:
        return [tuple(buttons)] if buttons else []
    size = most - 2
    return [tuple(buttons[start : start + size]) for start in range(0, len(buttons), size)]


def rows(buttons: Sequence[Button], *, across: int, most: int, letters: int = LETTERS) -> list[list[Button]]:
    """At most `most` rows of at most `across` buttons, in their order; short labels share a row.

    When that gives too many rows, the labels' length counts for nothing.
    """
    laid: list[list[Button]] = []
    room = 0
    for button in buttons:
        width = len(button.text) + 2
        if not laid or len(laid[-1]) == across or width > room:
            laid.append([])
            room = letters
        laid[-1].append(button)
        room -= width
    if len(laid) <= most:
        return laid
    evenly = min(across, -(-len(buttons) // most))
    return [list(buttons[start : start + evenly]) for start in range(0, len(buttons), evenly)]
