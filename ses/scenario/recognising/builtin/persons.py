"""person: names of people.

Russian: words that the dictionary knows as given names, surnames or patronymics, next to each other; put into the
nominative («для Анны Петровой» → «Анна Петрова»). Elsewhere there is no list of names: capitalised words after
"my name is", "I am", "this is"; and to the open question an answer of one to three words made of letters.
"""

from __future__ import annotations

import re

from ses.scenario.program.recognition import Found, Utterance
from ses.scenario.recognising.builtin.asked import Asked, covering
from ses.scenario.words.lexicon import russian

_INTRODUCED = re.compile(
    r"(?i:my name is|my name's|i am|i'm|this is|it's|call me|меня зовут|мое имя|моё имя)\s+((?:[^\W\d_][\w'’-]+\s*){1,3})"
)
_MARKS = {"Name", "Surn", "Patr"}
_LIKELY = 0.3
"""A word is a name if a reading at least this likely is one; capitalised, any reading will do."""


def persons(utterance: Utterance, asked: Asked) -> list[Found]:
    found = _known_names(utterance) if asked.language.startswith("ru") else []
    if found:
        return found
    match = _INTRODUCED.search(utterance.raw)
    if match:
        return _said(utterance, match.start(1), match.end(1), capitalised=not asked.open)
    if (
        asked.open
        and 1 <= len(utterance.words) <= 3
        and all(_is_name_like(word.text) for word in utterance.words)
    ):
        return _said(utterance, utterance.words[0].start, utterance.words[-1].end, capitalised=False)
    return []


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
    words = utterance.words[chosen[0] : chosen[-1] + 1]
    value = " ".join(_capital(utterance.raw[word.start : word.end]) for word in words)
    return [covering("person", value, utterance, chosen[0], chosen[-1] + 1)]


def _known_names(utterance: Utterance) -> list[Found]:
    """Runs of names. A capitalised word that is rarely a name is one beside a name («Петрову Ивану»)."""
    grades = [_grade(utterance, at) for at in range(len(utterance.words))]
    found: list[Found] = []
    at = 0
    while at < len(grades):
        end = at
        while end < len(grades) and grades[end]:
            end += 1
        if 2 in grades[at:end]:
            words = [utterance.raw[word.start : word.end] for word in utterance.words[at:end]]
            found.append(covering("person", _nominative(words), utterance, at, end))
        at = end + 1
    return found


def _grade(utterance: Utterance, at: int) -> int:
    """2: a name; 1: a name beside a name; 0: none."""
    word = utterance.words[at]
    scores = [
        parse.score
        for parse in russian().parse(word.text)
        if any(mark in parse.tag for mark in _MARKS) and "Abbr" not in parse.tag and "Init" not in parse.tag
    ]
    if not scores:
        return 0
    capital = utterance.raw[word.start].isupper()
    return 2 if max(scores) >= _LIKELY or (capital and at > 0) else int(capital)


def _nominative(words: list[str]) -> str:
    """Each name in the nominative, of the gender that all of them can have (Петровой Анны → Петрова Анна)."""
    readings = [
        [
            parse
            for parse in russian().parse(word)
            if any(mark in parse.tag for mark in _MARKS) and parse.tag.number != "plur"
        ]
        for word in words
    ]
    genders = [{parse.tag.gender for parse in each} for each in readings]
    common = set.intersection(*genders) if genders else set()
    names = []
    for word, each in zip(words, readings, strict=True):
        fitting = [parse for parse in each if not common or parse.tag.gender in common] or each
        form = fitting[0].inflect({"nomn"}) if fitting else None
        names.append(_capital(form.word if form else word))
    return " ".join(names)


def _capital(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
