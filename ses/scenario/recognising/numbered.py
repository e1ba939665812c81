"""Things chosen by their number: «вторая», «давайте последнюю», «номер два», "the second one", "option 3"."""

from __future__ import annotations

from typing import NamedTuple

from ses.scenario.program.recognition import Utterance
from ses.scenario.recognising.builtin.numerals import CARDINALS, ORDINAL_STEMS

_ENDINGS = ("ый", "ой", "ая", "ое", "ую", "ого", "ому", "ом", "ым")
_ENGLISH = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
_ORDINALS = (
    {stem + ending: value for stem, value in ORDINAL_STEMS.items() for ending in _ENDINGS}
    | dict.fromkeys("третий третья третье третью третьего третьей третьему третьем третьим".split(), 3)
    | {word: value for value, word in enumerate(_ENGLISH, 1)}
    | {f"{value}{end}": value for value in range(1, 21) for end in ("st", "nd", "rd", "th")}
)
_LAST = frozenset(
    "последний последняя последнее последнюю последнего последней последнему последним last".split()
)
_LEADING = frozenset(
    "номер номера номером вариант варианта вариантом пункт пункта number option item no".split()
)
"""Before a plain number: «вариант два»."""
_SUFFIXES = frozenset("й я е ю ый ой ая ое ую го".split())
"""After digits: «2-ю»."""
_AROUND = frozenset(
    "а беру будет бы вот возьму выберу выбираю да давай давайте дай дайте мне можно наверно наверное ну нужен нужна"
    " под пожалуйста пусть та тогда тот ту хотел хотела хочу эта это этот эту"
    " a choose for go have i i'd i'll is it it's let let's like me one pick please take that the then this"
    " want well will with would yes".split()
)  # fmt: skip
"""Words that say nothing of their own beside a number."""
_AND = frozenset({"и", "and"})
_OTHER_THINGS = frozenset("раз раза разу time times попытка попытку день минуту минута".split())
"""Nouns with which an ordinal means no choice: «второй раз говорю»."""


class NumberedChoice(NamedTuple):
    """Which were chosen, from 0, and how many words of the utterance say so."""

    indices: list[int]
    words: int


def numbered_choice(utterance: Utterance, count: int) -> NumberedChoice | None:
    """What an utterance chooses of `count` things by their numbers. None when it says anything else too, but for the name of
    the thing after its number («вторую карту»), or names a number that is not there."""
    words = utterance.words
    chosen: list[int] = []
    at, strange = 0, 0
    while at < len(words):
        text = words[at].text
        number, length = _ordinal(utterance, at, count)
        if number:
            if not 0 < number <= count:
                return None
            if number - 1 not in chosen:
                chosen.append(number - 1)
            at += length
            after = words[at].text if at < len(words) else ""
            if after and not _expected(after) and not _ordinal(utterance, at, count)[0]:
                if after in _OTHER_THINGS:
                    return None
                strange += 1
                at += 1
        elif _expected(text):
            at += 1
        else:
            return None
    if not chosen or strange > 1:
        return None
    return NumberedChoice(chosen, len(words) - strange)


def _expected(word: str) -> bool:
    return word in _AROUND or word in _AND or word in _LEADING


def _ordinal(utterance: Utterance, at: int, count: int) -> tuple[int, int]:
    """The number that stands at a word, from 1, and how many words long it is; 0 for none."""
    words = utterance.words
    text = words[at].text
    if text in _ORDINALS:
        return _ORDINALS[text], 1
    if text in _LAST:
        return count, 1
    number = _plain(text)
    if not number:
        return 0, 0
    if text.isdecimal() and at + 1 < len(words) and words[at + 1].text in _SUFFIXES:
        return number, 2
    sign = utterance.raw[: words[at].start].rstrip()[-1:]
    if sign in ("№", "#") or (at and words[at - 1].text in _LEADING):
        return number, 1
    return 0, 0


def _plain(text: str) -> int:
    if text.isdecimal():
        return int(text) if len(text) < 4 else 0
    return CARDINALS.get(text, 0)
