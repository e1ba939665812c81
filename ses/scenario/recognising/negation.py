"""Which values of an utterance are negated: «без сыра», «не завтра, а послезавтра», "anything but Paris".

A negation holds for the values that follow in its clause: up to a comma or another mark, or «а», «но», «и», "but", "and" after
a value. One that is said after its value («сыра не надо») holds for what stands before it, if something does.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from ses.scenario.program.recognition import Found, Utterance
from ses.scenario.words.tokeniser import split

Kind = Literal["bounds", "before", "instead", "after", "complaint", "neutral"]
KINDS: tuple[Kind, ...] = ("bounds", "before", "instead", "after", "complaint", "neutral")
"""A phrase that stands under several is the last of them where both fit."""

_NEGATE = frozenset({"before", "instead", "after", "complaint"})
_MARK = re.compile(r"[,;:.!?…()\n]|\s[-–—]\s")
"""Between two words: a clause ends. Marks inside numbers and dates stand inside words' spans of values."""


class _Sign(NamedTuple):
    kind: Kind
    first: int
    last: int


class NegationWords:
    """Phrases by kind, found longest first."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        """`phrases`: of each kind in `KINDS`."""
        self._kinds: dict[tuple[str, ...], Kind] = {}
        for kind in KINDS:
            for phrase in phrases.get(kind, ()):
                words = tuple(word.text for word in split(phrase))
                self._kinds[words] = kind
        self._longest: dict[str, int] = {}
        for words in self._kinds:
            self._longest[words[0]] = max(self._longest.get(words[0], 0), len(words))

    def any(self, utterance: Utterance) -> bool:
        """Whether some word may negate: utterances without one cost no more than this look."""
        return any(
            word.text in self._longest and self._kinds.get((word.text,)) != "bounds"
            for word in utterance.words
        )

    def negated(self, utterance: Utterance, found: Sequence[Found]) -> list[bool]:
        """For each value whether it is negated. Values that overlap share their fate with the longest."""
        result = [False] * len(found)
        if not found or not self.any(utterance):
            return result
        covered, inside = _covered(utterance, found)
        signs = self._signs(utterance, covered)
        order = sorted(range(len(found)), key=lambda index: found[index].first)
        at = 0
        for first, last in _clauses(utterance, covered, inside, signs):
            here = []
            while at < len(order) and found[order[at]].first < last:
                here.append(order[at])
                at += 1
            negations = [sign for sign in signs if first < sign.last <= last and sign.kind in _NEGATE]
            if here and negations:
                _negate(found, here, negations, result)
        return result

    def masked(self, utterance: Utterance) -> frozenset[int]:
        """Words, by their index, that stand under a negation: no trigger is heard by them («я не хочу пиццу»). What does not
        work («не могу оплатить») is no refusal."""
        if not self.any(utterance):
            return frozenset()
        words = len(utterance.words)
        signs = self._signs(utterance, [False] * words)
        masked: set[int] = set()
        for first, last in _clauses(utterance, [True] * words, [False] * words, signs):
            for sign in signs:
                if first < sign.last <= last and sign.kind in ("before", "after"):
                    behind = range(sign.last, last)
                    masked.update(behind or (range(first, sign.first) if sign.kind == "after" else ()))
        return frozenset(masked)

    def holds(self, words: Iterable[str]) -> bool:
        """Whether one of these words negates by itself: a pattern that says «не» is heard where «не» is said."""
        return any(self._kinds.get((word,)) in ("before", "after") for word in words)

    def _signs(self, utterance: Utterance, covered: Sequence[bool]) -> list[_Sign]:
        words = utterance.words
        signs: list[_Sign] = []
        at = 0
        while at < len(words):
            for length in range(min(self._longest.get(words[at].text, 0), len(words) - at), 0, -1):
                kind = self._kinds.get(tuple(word.text for word in words[at : at + length]))
                if kind is not None and not any(covered[at : at + length]):
                    signs.append(_Sign(kind, at, at + length))
                    at += length - 1
                    break
            at += 1
        return signs


def _covered(utterance: Utterance, found: Sequence[Found]) -> tuple[list[bool], list[bool]]:
    """Of each word whether it belongs to a value, and whether it does not begin one."""
    covered = [False] * len(utterance.words)
    inside = list(covered)
    for one in found:
        for index in range(one.first, min(one.last, len(covered))):
            covered[index] = True
            inside[index] |= index > one.first
    return covered, inside


def _clauses(
    utterance: Utterance, covered: Sequence[bool], inside: Sequence[bool], signs: Sequence[_Sign]
) -> list[tuple[int, int]]:
    """The clauses, as words `first:last`: ended by marks, and by bounds after a value. A mark inside a value ends none."""
    words, raw = utterance.words, utterance.raw
    bounds = {sign.first for sign in signs if sign.kind == "bounds"}
    clauses: list[tuple[int, int]] = []
    begin = 0
    for at in range(1, len(words) + 1):
        if at == len(words):
            clauses.append((begin, at))
        elif inside[at]:
            continue
        elif (at in bounds and any(covered[begin:at])) or _MARK.search(
            raw, words[at - 1].end, words[at].start
        ):
            clauses.append((begin, at))
            begin = at
    return clauses


def _negate(found: Sequence[Found], here: Sequence[int], signs: Sequence[_Sign], result: list[bool]) -> None:
    """Mark what the negations of one clause hold for; `here` are its values in the order of the text."""
    begins = [found[index].first for index in here]
    before: list[int] = []  # a value at this word or later is negated
    after = -1  # a value before this word is
    for sign in signs:
        if sign.kind == "instead":
            nearest = bisect_left(begins, sign.last)
            if nearest < len(here):
                result[here[nearest]] = True
        elif sign.kind == "before" or begins[0] >= sign.first:
            before.append(sign.last)
        else:
            after = max(after, sign.first)
    least = min(before, default=None)
    for index in here:
        if found[index].last <= after or (least is not None and found[index].first >= least):
            result[index] = True
