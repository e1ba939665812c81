"""person: names of people.

A name is kept as it was typed. Russian: words that the dictionary knows as given names, surnames or patronymics, next to each
other; to the open question also words that it does not know at all. Elsewhere there is no list of names: capitalised words after
"my name is", "I am", "this is"; and to the open question an answer of one to three words made of letters.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from ses.scenario.program.recognition import Found, Utterance, Word
from ses.scenario.recognising.builtin.asked import Asked, covering
from ses.scenario.recognising.builtin.numerals import LOOKED_AT
from ses.scenario.words.lexicon import russian

_INTRODUCED = re.compile(
    r"(?i:my name is|my name's|i am called|i'm called|i am|i'm|this is|it is me,?|it's me,?|it is|it's|call me|the name's|the name is"
    r"|меня зовут|мое имя|моё имя|зовите меня|зовут меня|зови меня|это я,?|имя)\s+((?:[^\W\d_][\w'’-]*[\s]*){1,4})"
)
_MARKS = {"Name", "Surn", "Patr"}
_NO_NAMES = frozenset(
    "a an the i me my you your he she it we they them his her its our their this that these those who what where when why how which"
    " is am are was were be been do does did have has had can could will would shall should may might must not no yes yeah yep ok okay"
    " and or but if so because with without for from to in on at of by about as than then there here now later never none nobody"
    " nothing anyone someone please thanks thank hi hello hey bye cancel stop help skip back repeat again want need like order price"
    " cost much many tell know say refuse anonymous private secret sorry sure maybe wait don't won't can't isn't it's i'm let".split()
)
"""English words that no answer to "your name?" consists of."""
_LIKELY = 0.3
"""A word is a name if a reading at least this likely is one; capitalised, any reading will do."""


def persons(utterance: Utterance, asked: Asked) -> list[Found]:
    russian_robot = asked.language.startswith("ru")
    match = _INTRODUCED.search(utterance.raw)
    if match:
        introduced = _said(utterance, match.start(1), match.end(1), capitalised=not asked.open)
        if introduced and not (russian_robot and asked.open and not _all_names(utterance, introduced[0])):
            return introduced
    found = _known_names(utterance) if russian_robot else []
    words = utterance.words
    if not asked.open or not 1 <= len(words) <= 4 or _parted(utterance):
        return found
    whole = all(_is_name_like(word.text) for word in words)
    if russian_robot:
        named = bool(found) and all(utterance.raw[word.start].isupper() for word in words)
        whole = whole and (named or all(map(_may_be_russian, words)))
    else:
        whole = whole and all(word.text not in _NO_NAMES for word in words)
    if whole:
        return _said(utterance, words[0].start, words[-1].end, capitalised=False)
    return found


def _parted(utterance: Utterance) -> bool:
    """Whether a mark stands between the words: «Пётр, мазда»."""
    words = utterance.words
    return any(utterance.raw[one.end : other.start].strip(" -–‑.\u00a0'’") for one, other in pairwise(words))


def _may_be_russian(word: Word) -> bool:
    """A word that the dictionary knows as a name, or does not know at all."""
    text = word.text
    if text.isascii():
        return text not in _NO_NAMES
    parses = russian().parse(text)
    return any(mark in parse.tag for parse in parses for mark in _MARKS) or not russian().word_is_known(text)


def _all_names(utterance: Utterance, found: Found) -> bool:
    return all(map(_may_be_russian, utterance.words[found.first : found.last]))


def _is_name_like(word: str) -> bool:
    return word.replace("'", "").isalpha() and len(word) > 1


def _said(utterance: Utterance, start: int, end: int, *, capitalised: bool) -> list[Found]:
    chosen: list[int] = []
    for index, word in enumerate(utterance.words):
        if word.start < start or word.end > end:
            continue
        if capitalised and not utterance.raw[word.start].isupper():
            break
        chosen.append(index)
    if not chosen:
        return []
    return [
        covering("person", _typed(utterance, chosen[0], chosen[-1] + 1), utterance, chosen[0], chosen[-1] + 1)
    ]


def _typed(utterance: Utterance, first: int, last: int) -> str:
    """A name as it was typed; one without any capital gets its capitals."""
    words = utterance.words
    raw = " ".join(utterance.raw[words[first].start : words[last - 1].end].split())
    if raw != raw.lower():
        return raw
    return re.sub(r"(?:^|(?<=[\s-]))\w", lambda letter: letter[0].upper(), raw)


def _known_names(utterance: Utterance) -> list[Found]:
    """Runs of names. A capitalised word that is rarely a name is one beside a name («Петрову Ивану»)."""
    grades = [_grade(utterance, at) for at in range(min(len(utterance.words), LOOKED_AT))]
    found: list[Found] = []
    at = 0
    while at < len(grades):
        end = at
        while end < len(grades) and grades[end] and not (end > at and _gap(utterance, end)):
            end += 1
        if 2 in grades[at:end]:
            found.append(covering("person", _typed(utterance, at, end), utterance, at, end))
        at = max(end, at + 1)
    return found


def _gap(utterance: Utterance, at: int) -> str:
    """What stands between a word and the one before, but for what stands inside names."""
    words = utterance.words
    return utterance.raw[words[at - 1].end : words[at].start].strip(" -–‑.\u00a0")


def _grade(utterance: Utterance, at: int) -> int:
    """2: a name; 1: a name beside a name; 0: none."""
    word = utterance.words[at]
    likely = _likelihood(word.text)
    if not likely:
        return 0
    capital = utterance.raw[word.start].isupper()
    return 2 if likely >= _LIKELY or (capital and at > 0) else int(capital)


@lru_cache(4096)
def _likelihood(word: str) -> float:
    """How likely a reading of the word is a name; 0 for none."""
    if len(word) < 2 or word.isascii():
        return 0.0
    scores = [
        parse.score
        for parse in russian().parse(word)
        if any(mark in parse.tag for mark in _MARKS) and "Abbr" not in parse.tag and "Init" not in parse.tag
    ]
    return float(max(scores, default=0.0))
