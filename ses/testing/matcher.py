"""Matcher: texts with `*` for any text: what a `bot:` line and the `text:` and `url:` of a mock are written in."""

from __future__ import annotations

import re
from functools import lru_cache

from ses.scenario.words.tokeniser import fold

_BLANKS = dict.fromkeys((0xA0, 0x2007, 0x2009, 0x202F), " ")
"""«1 590 ₽» is printed with blanks that do not break; nobody types them."""
_WORDS = re.compile(r"[^\w*]+")


def matches(pattern: str, text: str) -> bool:
    """True when `text` is `pattern` with anything for each `*`; a backslash before it means itself."""
    return _compiled(pattern.translate(_BLANKS)).fullmatch(text.strip().translate(_BLANKS)) is not None


def same_label(expected: str, label: str) -> bool:
    """True for labels that look the same: blanks that do not break are blanks, those around do not count."""
    return expected.translate(_BLANKS).strip() == label.translate(_BLANKS).strip()


def matches_spoken(pattern: str, utterance: str) -> bool:
    """The same for what a person says: case and punctuation do not count, `* print *` is a word, `*print*` a part."""
    return _compiled(_spaced(pattern)).fullmatch(_spaced(utterance)) is not None


def _spaced(text: str) -> str:
    """The folded words with a blank on either side of each; none outside a `*` at the end of a pattern."""
    words = _WORDS.sub(" ", fold(text)).strip()
    return f"{'' if words.startswith('*') else ' '}{words}{'' if words.endswith('*') else ' '}"


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"(\\\*|\*)", pattern.strip("\n"))
    return re.compile("".join(_piece(piece) for piece in pieces), re.DOTALL)


def _piece(piece: str) -> str:
    return {"*": ".*", r"\*": r"\*"}.get(piece, re.escape(piece))
