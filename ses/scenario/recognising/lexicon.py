"""Forms of words, asked once when a robot is compiled.

Matching "any form of the word" needs no dictionary at run time: all forms of the robot's own words are spread
into a table beforehand. The dictionaries (Russian 27 MB, English 24 MB resident) may therefore live in a child
process that ends when the table is made: `word_forms_in_child`. Checks and tests use `word_forms` in process.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ses.errors import SesError
from ses.scenario.recognising.words import fold

if TYPE_CHECKING:
    from pymorphy3 import MorphAnalyzer
    from simplemma import Lemmatizer
    from simplemma.strategies.dictionaries import DefaultDictionaryFactory

CHILD_TIMEOUT = 60.0
"""Seconds after which the child is given up."""


class WordForms(NamedTuple):
    """A word's lemmas, folded and sorted (words with the same lemmas mean the same), and all their forms."""

    lemmas: tuple[str, ...]
    forms: frozenset[str]


Lexicon = Callable[[Collection[str], Sequence[str]], Mapping[str, WordForms]]
"""`lexicon(folded words, languages)`: the forms of each of these words."""


def word_forms(words: Collection[str], languages: Sequence[str]) -> Mapping[str, WordForms]:
    """The forms of each folded word. A word of a script or language without a dictionary is its only form."""
    known: dict[str, WordForms] = {}
    latin = next((language for language in languages if language not in ("ru", "uk", "be")), "")
    cyrillic = next((language for language in languages if language in ("ru", "uk", "be")), "")
    groups: dict[str, list[str]] = {}
    for word in words:
        if not word.replace("'", "").isalpha():
            groups.setdefault("", []).append(word)
        else:
            groups.setdefault(cyrillic if _is_cyrillic(word) else latin, []).append(word)
    for language, group in groups.items():
        if language == "ru":
            known.update({word: _russian(word) for word in group})
        elif language:
            known.update(_others(group, language))
        else:
            known.update({word: _itself(word) for word in group})
    return known


def word_forms_in_child(words: Collection[str], languages: Sequence[str]) -> Mapping[str, WordForms]:
    """The same from a process of its own, whose memory is given back."""
    question = json.dumps({"words": sorted(words), "languages": list(languages)})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ses.scenario.recognising.lexicon"],
            input=question,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=CHILD_TIMEOUT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        detail = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        raise SesError(f"the dictionary process failed: {detail[-1] if detail else error}") from error
    answer = json.loads(done.stdout)
    return {word: WordForms(tuple(lemmas), frozenset(forms)) for word, (lemmas, forms) in answer.items()}


@functools.cache
def russian() -> MorphAnalyzer:
    """The one analyser of this process; about 0.15 s and 27 MB at first use."""
    import pymorphy3

    return pymorphy3.MorphAnalyzer()


def _is_cyrillic(word: str) -> bool:
    return "\u0400" <= word[0] <= "\u04ff"


def _itself(word: str) -> WordForms:
    return WordForms((word,), frozenset((word,)))


_RARE = 0.1
"""Readings of a word less likely than this are not meant by an author («стали» is not steel)."""


def _russian(word: str) -> WordForms:
    parses = russian().parse(word)
    likely = [parse for parse in parses if parse.score >= _RARE] or parses[:1]
    lemmas: set[str] = set()
    forms = {word}
    for parse in likely:
        participle = "PRTF" in parse.tag
        lemmas.add(fold(parse.word if participle else parse.normal_form))
        for form in parse.lexeme:
            if participle != ("PRTF" in form.tag):
                continue  # a verb's participles are words of their own: they would be two hundred forms more
            if participle and (form.tag.tense, form.tag.voice) != (parse.tag.tense, parse.tag.voice):
                continue
            forms.add(fold(form.word))
    if any("PRTF" in parse.tag for parse in likely):
        lemmas = {min(forms)}
    return WordForms(tuple(sorted(lemmas)), frozenset(forms))


def _others(words: Iterable[str], language: str) -> Mapping[str, WordForms]:
    lemmatizer, dictionaries = _simplemma()
    try:
        lemmas = {word: fold(lemmatizer.lemmatize(word, language)) for word in words}
    except ValueError:  # a language that simplemma does not know
        return {word: _itself(word) for word in words}
    known = _known(language)
    wanted = set(lemmas.values()) - known.keys()
    forms: dict[str, set[str]] = {lemma: {lemma} for lemma in wanted}
    for form, lemma in dictionaries.get_dictionary(language).items() if wanted else ():
        folded = lemma if lemma in wanted else fold(lemma) if not lemma.islower() else ""
        if folded in wanted:  # the dictionary has 180,000 entries: most are passed over by the first look
            forms[folded].add(fold(form))
    if language == "en":
        for lemma in wanted:
            if len(forms[lemma]) == 1:
                forms[lemma].update(_english_regular(lemma))
    known.update({lemma: frozenset(found) for lemma, found in forms.items()})
    return {word: WordForms((lemma,), known[lemma] | {word}) for word, lemma in lemmas.items()}


@functools.cache
def _simplemma() -> tuple[Lemmatizer, DefaultDictionaryFactory]:
    """A lemmatiser and the dictionaries it reads: read once, as they take 0.15 s and 24 MB a language."""
    from simplemma import Lemmatizer
    from simplemma.strategies import DefaultStrategy
    from simplemma.strategies.dictionaries import DefaultDictionaryFactory

    dictionaries = DefaultDictionaryFactory()
    return Lemmatizer(lemmatization_strategy=DefaultStrategy(dictionary_factory=dictionaries)), dictionaries


@functools.cache
def _known(language: str) -> dict[str, frozenset[str]]:
    """Forms by lemma that were looked up before: walking the dictionary takes 0.2 s, robots share most words."""
    return {}


def _english_regular(word: str) -> set[str]:
    """Regular endings: names and new words stand in no dictionary."""
    if len(word) < 3 or word.endswith("s") or "'" in word:
        return set()
    if word[-1] == "y" and word[-2] not in "aeiou":
        return {word[:-1] + "ies", word[:-1] + "ied", word + "ing"}
    if word[-1] == "e":
        return {word + "s", word + "d", word[:-1] + "ing"}
    if word.endswith(("x", "z", "ch", "sh")):
        return {word + "es", word + "ed", word + "ing"}
    return {word + "s", word + "ed", word + "ing", word + "'s"}


def _answer_parent() -> None:
    question: dict[str, Any] = json.load(sys.stdin)
    answer = word_forms(question["words"], question["languages"])
    json.dump({word: [forms.lemmas, sorted(forms.forms)] for word, forms in answer.items()}, sys.stdout)


if __name__ == "__main__":
    _answer_parent()
