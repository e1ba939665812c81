"""What is said not to be wanted is never taken."""

from __future__ import annotations

import pytest

from ses.scenario.compiling.texts import engine_phrases
from ses.scenario.program.recognition import Found
from ses.scenario.recognising.negation import KINDS, NegationWords
from ses.scenario.words.tokeniser import read

VALUES = "сыр гриб маргарит пепперон гавайск завтра послезавтра вторник пятниц paris london cheese mushroom friday".split()


@pytest.fixture(scope="module")
def words() -> NegationWords:
    return NegationWords({kind: engine_phrases()[f"ses.negation_{kind}"] for kind in KINDS})


def kept(words: NegationWords, text: str) -> list[str]:
    said = read(text)
    found = [
        Found("value", word.text, word.start, word.end, index, index + 1)
        for index, word in enumerate(said.words)
        if any(word.text.startswith(stem) for stem in VALUES)
    ]
    negated = words.negated(said, found)
    return [one.value for one, no in zip(found, negated, strict=True) if not no]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("без сыра", ""), ("грибы, но без сыра", "грибы"), ("только не гавайскую", ""), ("сыра не надо", ""),
        ("не завтра, а послезавтра", "послезавтра"), ("не завтра а послезавтра", "послезавтра"),
        ("маргариту, а не пепперони", "маргариту"), ("во вторник не могу, в пятницу", "пятницу"),
        ("кроме вторника", ""), ("ни сыра, ни грибов", ""), ("вместо сыра грибы", "грибы"),
        ("уберите сыр и добавьте грибы", "грибы"), ("без сыра с грибами", "грибами"), ("не с сыром", ""),
        ("not paris but london", "london"), ("london, not paris", "london"), ("anything but paris", ""),
        ("cheese please, no mushrooms", "cheese"), ("friday doesn't work", ""), ("neither paris nor london", ""),
    ],
)  # fmt: skip
def test_a_negation_holds_for_its_clause(words, text, wanted):
    assert kept(words, text) == wanted.split()


@pytest.mark.parametrize(
    "text", ["не позже пятницы", "почему бы не маргариту", "не только сыр", "don't forget the cheese", "я не знаю, давайте сыр"]
)  # fmt: skip
def test_what_only_looks_like_a_negation_is_none(words, text):
    assert len(kept(words, text)) == 1


def test_words_under_a_refusal_are_heard_by_no_trigger_and_complaints_are_no_refusals(words):
    refused, complained = read("я не хочу пиццу"), read("не могу оплатить заказ")
    assert words.masked(refused) == {3}
    assert words.masked(complained) == frozenset()
