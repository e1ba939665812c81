"""Texts longer than a channel takes, cut where a reader would pause."""

from __future__ import annotations

import re

_PAUSES = tuple(re.compile(pattern) for pattern in (r"\n\s*\n", r"\n", r"(?<=[.!?…])[»\")]*\s", r"\s"))
"""Paragraph, line, sentence, word: where a text may be cut, the best first."""


def split_text(text: str, limit: int) -> list[str]:
    """The text in pieces of at most `limit` characters; an empty text is no piece."""
    pieces: list[str] = []
    rest = text
    while len(rest) > limit:
        cut = _cut(rest, limit)
        piece, rest = rest[:cut].rstrip(), rest[cut:].lstrip()
        if piece:
            pieces.append(piece)
    if rest.strip():
        pieces.append(rest)
    return pieces


def _cut(text: str, limit: int) -> int:
    """Behind the last pause of the best kind in the second half of what fits; else the hard limit."""
    window = text[: limit + 1]
    for pause in _PAUSES:
        last = 0
        for found in pause.finditer(window):
            if found.end() - len(found.group()) <= limit:
                last = found.start() + len(found.group().rstrip())
        if last >= limit // 2:
            return last
    # Never between the two halves of what is shown as one sign (a letter and its accent, an emoji and its colour).
    cut = limit
    while cut > limit - 16 and (text[cut] in "\u200d\ufe0f" or "\U0001f3fb" <= text[cut] <= "\U0001f3ff"):
        cut -= 1
    return cut
