"""What a built-in recogniser is given beside the utterance."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from ses.scenario.program.recognition import Found, Utterance


class Asked(NamedTuple):
    language: str
    """The robot's: decides the currency of a bare sum, the country of a phone, the order of 3/4."""
    now: datetime | None
    """The wall clock of the user's time zone; relative dates are not found without it."""
    open: bool
    """The value was asked for: a bare number may be a sum or an hour."""


_start, _end = itemgetter(1), itemgetter(2)

Finder = Callable[[Utterance, Asked], Sequence[Found]]


def spanning(entity: str, value: Any, utterance: Utterance, start: int, end: int) -> Found:
    """A value of characters `start:end`, with the words they touch."""
    words = utterance.words
    last = bisect_right(words, end - 1, key=_start)
    first = bisect_right(words, start, key=_end)
    return Found(entity, value, start, end, min(first, last), last)


def covering(entity: str, value: Any, utterance: Utterance, first: int, last: int) -> Found:
    """A value of words `first:last`."""
    words = utterance.words
    return Found(entity, value, words[first].start, words[last - 1].end, first, last)
