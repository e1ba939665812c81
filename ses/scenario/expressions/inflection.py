"""Russian words in another grammatical case: `{{ city|case('loct') }}`: «в Бердске»."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from ses.scenario.words.lexicon import russian

if TYPE_CHECKING:
    from pymorphy3.analyzer import Parse

CASES = {
    "nomn": "кто? что?",
    "gent": "кого? чего?",
    "datv": "кому? чему?",
    "accs": "кого? что?",
    "ablt": "кем? чем?",
    "loct": "о ком? о чём?",
}
"""The names of cases, with the question each answers."""


@functools.lru_cache(maxsize=2_000)
def in_case(phrase: str, case: str) -> str:
    """A phrase in the nominative put into a case: its head noun and what agrees with it before it.

    What follows the noun stays («улица Ленина» → «на улице Ленина»). Names of several words («Анна Петрова») are
    inflected together. A word without such a form stays as it is.
    """
    words = phrase.split(" ")
    inflected: list[str] = []
    head: Parse | None = None
    for word in words:
        parse = _nominative(word)
        if head is not None and not (_is_name(head) and parse is not None and _is_name(parse)):
            return " ".join([*inflected, *words[len(inflected) :]])
        inflected.append(_inflected(word, parse, case))
        if parse is not None and parse.tag.POS in ("NOUN", "NPRO"):
            head = parse
    return " ".join(inflected)


def _nominative(word: str) -> Parse | None:
    if not word.strip("-").replace("-", "").isalpha():
        return None
    parses: list[Parse] = russian().parse(word)
    nominative = [parse for parse in parses if parse.tag.case == "nomn"]
    if word[:1].isupper():
        named = [parse for parse in nominative if _is_name(parse) or "Geox" in parse.tag]
        nominative = named or nominative
    return nominative[0] if nominative else None


def _is_name(parse: Parse) -> bool:
    return any(mark in parse.tag for mark in ("Name", "Surn", "Patr"))


def _inflected(word: str, parse: Parse | None, case: str) -> str:
    if parse is None:
        return word
    marks = {case} | ({str(parse.tag.number)} if parse.tag.number else set())
    form = parse.inflect(marks)
    if form is None:
        return word
    text = str(form.word)
    if word.isupper() and len(word) > 1:
        return text.upper()
    return "-".join(
        part[:1].upper() + part[1:] if old[:1].isupper() else part
        for part, old in zip(text.split("-"), [*word.split("-"), *[""] * text.count("-")], strict=False)
    )
