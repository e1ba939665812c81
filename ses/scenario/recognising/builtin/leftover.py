"""What speaks against a date or a time: something beside it that looks like one and was not understood.

«31.02 в 10:00» is not today at ten, «в понедельнек в 10:00» is not the next ten o'clock: who did not understand the day must ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ses.scenario.program.recognition import Found, Utterance

_DIGITS = re.compile(r"(?<![\w.:/–-])\d{1,4}\s?[.:/–-]\s?\d{1,4}(?:\s?[.:/–-]\s?\d{1,4})?(?![\w:/]|[.–-]\d)")
_NAMES = tuple(
    "понедельник вторник среда среду четверг пятница пятницу суббота субботу воскресенье сегодня завтра послезавтра "
    "января февраля марта апреля июня июля августа сентября октября ноября декабря "
    "monday tuesday wednesday thursday friday saturday sunday today tomorrow "
    "january february march april august september october november december".split()
)
_SHORTEST = 5
_LOOKED_AT = 40
"""Words; of a longer utterance nobody expects that it is a date with a misspelling."""


def contradicted(utterance: Utterance, found: Sequence[Found]) -> bool:
    """Whether something beside these values looks like a date or a time."""
    spans = [(one.start, one.end) for one in found]
    for match in _DIGITS.finditer(utterance.raw):
        if not any(start <= match.start() and match.end() <= end for start, end in spans):
            return True
    words = utterance.words[:_LOOKED_AT]
    return any(_misspelt(word.text) for word in words if not _inside(word.start, spans))


def _inside(at: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in spans)


def _misspelt(word: str) -> bool:
    if len(word) < _SHORTEST or not word.isalpha():
        return False
    from rapidfuzz.distance import OSA  # loaded by those who ask for dates

    return any(
        abs(len(name) - len(word)) < 2
        and name[0] == word[0]
        and OSA.distance(word, name, score_cutoff=1) == 1
        for name in _NAMES
        if len(name) >= _SHORTEST
    )
