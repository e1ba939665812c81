"""A yes is a yes only when every word of it says so."""

from __future__ import annotations

import pytest

from ses.scenario.compiling.texts import engine_phrases
from ses.scenario.recognising.assent import KINDS, AssentWords
from ses.scenario.words.tokeniser import read


@pytest.fixture(scope="module")
def words() -> AssentWords:
    return AssentWords({kind: engine_phrases()[f"ses.{kind}_words"] for kind in KINDS})


@pytest.mark.parametrize(
    ("answer", "phrases"),
    [
        ("yes", "да|ага, спасибо|нет, всё верно|почему бы и нет?|👍|+|дааа|да 😊|yes, please|no problem|I don't mind|no, all good"),
        ("no", "нет|не подтверждаю|не всё верно|не совсем так|конечно нет|да нет|нееет|👎|isn't right|of course not|not quite right"),
        ("unsure", "подождите|да, подождите|точно?|верно?|я подумаю|да, а что?|wait|not sure|yes, hold on|is that right?"),
        (None, "да хочу грибы|согласен с соседом|yes but large|всё верно, кроме размера|завтра|right now i'm at work|ну вот|"),
    ],
)  # fmt: skip
def test_an_answer_is_what_all_of_its_words_say(words, answer, phrases):
    assert {phrase: words.read(read(phrase)).answer for phrase in phrases.split("|")} == dict.fromkeys(
        phrases.split("|"), answer
    )


def test_a_yes_with_an_exception_is_told_apart(words):
    assert words.read(read("всё верно, кроме размера")).exception
    assert words.read(read("yes, but large")).exception
    assert not words.read(read("верно")).exception


def test_a_yes_denied_is_told_from_a_plain_no(words):
    assert words.read(read("не всё верно")).negated
    assert not words.read(read("нет")).negated


def test_values_that_agree_with_what_stands_are_explained(words):
    said = read("да, большую")
    assert words.read(said).answer is None
    assert words.read(said, explained={1}).answer == "yes"


def test_any_word_beside_a_yes_that_nobody_knows_makes_it_none(words):
    for yes in ("да", "верно", "конечно", "ok", "yes"):
        assert words.read(read(f"{yes} фыва")).answer is None
        assert words.read(read(f"фыва {yes}")).answer is None


def test_of_a_command_with_politeness_the_command_stays(words):
    assert words.core(read("отмена, пожалуйста")) == "отмена"
    assert words.core(read("can you repeat that, please?")) == "repeat"
