"""Forms of words, asked once when a robot is compiled.

Matching "any form of the word" needs no dictionary at run time: all forms of the robot's own words are spread
into a table beforehand. The dictionaries (Russian 27 MB, English 24 MB resident) may therefore live in a child
process that ends when the table is made: `word_forms_in_child`. Checks and tests use `word_forms` in process.
"""

from __future__ import annotations

import functools
import gc
import json
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ses.errors import SesError
from ses.scenario.words.tokeniser import fold

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
    return ask_child(begin_child, words, languages)


def begin_child(*languages: str) -> subprocess.Popen[str]:
    """A process that reads the dictionaries of these languages and waits for `ask_child`. It ends when its input is closed.
    Raises `OSError`."""
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "ses.scenario.words.lexicon", *languages],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def ask_child(
    begun: Callable[[], subprocess.Popen[str]], words: Collection[str], languages: Sequence[str]
) -> Mapping[str, WordForms]:
    """`word_forms` by the child that `begun` gives; it ends. Raises `SesError`."""
    question = json.dumps({"words": sorted(words), "languages": list(languages)})
    try:
        with begun() as child:
            try:
                answer, trouble = child.communicate(question, timeout=CHILD_TIMEOUT)
            except BaseException:
                child.kill()
                raise
    except (OSError, subprocess.SubprocessError) as error:
        raise SesError(f"the dictionary process failed: {error}") from error
    if child.returncode:
        said = trouble.strip().splitlines() or [f"it ended with {child.returncode}"]
        raise SesError(f"the dictionary process failed: {said[-1]}")
    return {
        word: WordForms(tuple(lemmas), frozenset(forms))
        for word, (lemmas, forms) in json.loads(answer).items()
    }


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


def _read_dictionary(language: str) -> None:
    """So that the first words of this language need not wait for it."""
    if language == "ru":
        russian()
    else:
        with suppress(ValueError):  # a language that simplemma does not know
            _simplemma()[1].get_dictionary(language)


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
    gc.disable()  # the dictionaries stay until the end, which is near
    for language in sys.argv[1:]:
        _read_dictionary(language)
    if not (question := sys.stdin.read()):
        return  # nobody needs it after all
    asked = json.loads(question)
    answer = word_forms(asked["words"], asked["languages"])
    json.dump({word: [forms.lemmas, sorted(forms.forms)] for word, forms in answer.items()}, sys.stdout)


if __name__ == "__main__":
    _answer_parent()
