"""Intents by examples."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ses.scenario.recognising.recogniser import (
    ListEntity,
    ListEntry,
    PatternSource,
    RobotRecogniser,
    build_recogniser,
)

EXAMPLES = {
    "order": ["сделайте заказ", "можно пиццу", "хочу заказать пиццу"],
    "hours": ["когда вы работаете", "до скольки открыто", "часы работы"],
    "complaint": ["пицца холодная", "заказ опоздал"],
}


@pytest.fixture(scope="module")
def recogniser() -> RobotRecogniser:
    return build_recogniser(["ru"], [PatternSource("* позови * человека *", "operator")], EXAMPLES)


def scores(recogniser: RobotRecogniser, text: str) -> dict[str, float]:
    return {one.intent: one.score for one in recogniser.intents(recogniser.read(text), ())}


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("можно пиццу?", "order"),
        ("сделать заказ", "order"),
        ("а когда вы работаете", "hours"),
        ("холодную пиццу привезли", "complaint"),
        ("до скольки вы открыты", "hours"),
    ],
)
def test_the_nearest_example_names_the_intent(recogniser: RobotRecogniser, text: str, intent: str) -> None:
    first = recogniser.intents(recogniser.read(text), ())[0]
    assert (first.intent, first.by) == (intent, "example")
    assert first.score >= 0.5


def test_an_example_itself_scores_one(recogniser: RobotRecogniser) -> None:
    assert scores(recogniser, "Сделайте заказ!")["order"] == pytest.approx(1.0)


def test_a_typo_costs_a_fifth_of_the_word(recogniser: RobotRecogniser) -> None:
    exact, typed = scores(recogniser, "часы работы")["hours"], scores(recogniser, "часы рабты")["hours"]
    assert exact == pytest.approx(1.0)
    assert 0.8 < typed < 1.0
    assert scores(recogniser, "часы рбты").get("hours", 0) < typed  # two typos are another word


def test_rare_words_weigh_more_than_common_ones(recogniser: RobotRecogniser) -> None:
    rare = scores(recogniser, "сделайте красиво")
    common = scores(recogniser, "заказ красивый")
    assert rare["order"] > common["order"]


def test_words_outside_all_examples_weigh_like_rare_ones(recogniser: RobotRecogniser) -> None:
    assert scores(recogniser, "когда вы работаете зимой")["hours"] == pytest.approx(6 / 7)


def test_nothing_in_common_is_no_intent(recogniser: RobotRecogniser) -> None:
    assert scores(recogniser, "расскажи анекдот") == {}


def test_examples_are_not_asked_when_a_pattern_is_sure(recogniser: RobotRecogniser) -> None:
    sure = build_recogniser(["ru"], [PatternSource("можно пиццу", "by_pattern")], EXAMPLES)
    assert [(one.intent, one.by) for one in sure.intents(sure.read("можно пиццу"), ())] == [
        ("by_pattern", "pattern")
    ]


def test_a_common_word_of_thousands_of_examples_opens_only_some() -> None:
    many = {f"intent{number}": [f"хочу слово{number}"] for number in range(5000)}
    recogniser = build_recogniser(["ru"], [], many)
    assert scores(recogniser, "хочу слово4321")["intent4321"] == pytest.approx(1.0)
    assert len(scores(recogniser, "хочу")) <= 50


def test_one_typo_in_a_list_form_is_forgiven_to_the_open_question_only() -> None:
    pizzas = ListEntity(
        "pizza", (ListEntry("m", ("маргарита",)), ListEntry("p", ("пепперони",)), ListEntry("t", ("сыр",)))
    )
    recogniser = build_recogniser(["ru"], [], {}, [pizzas])
    said = recogniser.read("давайте марграиту")
    assert recogniser.entities(said, ["pizza"]) == []
    (found,) = recogniser.entity(said, "pizza", forgiving=True)
    assert (found.value, found.weight, said.raw[found.start : found.end]) == ("m", 0.8, "марграиту")
    assert recogniser.entity(recogniser.read("сыы"), "pizza", forgiving=True) == []  # too short a word
    assert recogniser.entity(recogniser.read("марграитт"), "pizza", forgiving=True) == []  # two typos


def naive(examples: dict[str, list[str]], said: list[str]) -> float:
    """The formula of the language, over every example."""
    texts = [set(text.split()) for each in examples.values() for text in each]

    def weight(word: str) -> float:
        uses = sum(word in text for text in texts)
        return math.log(1 + len(texts) / uses) / math.log(1 + len(texts)) if uses else 1.0

    def mass(words: set[str]) -> float:
        return sum(weight(word) for word in words)

    own = set(said)
    return max(2 * mass(own & text) / (mass(own) + mass(text)) for text in texts)


VOCABULARY = [f"w{letter}" for letter in "abcdefghij"]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["one", "two", "three"]),
        st.lists(
            st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=4).map(" ".join),
            min_size=1,
            max_size=6,
        ),
        min_size=1,
    ),
    st.lists(st.sampled_from([*VOCABULARY, "xx", "yy"]), min_size=1, max_size=5),
)
def test_leaving_examples_shut_loses_no_winner(examples: dict[str, list[str]], said: list[str]) -> None:
    recogniser = build_recogniser(["xx"], [], examples)
    found = recogniser.intents(recogniser.read(" ".join(said)), ())
    expected = naive(examples, said)
    if expected >= 0.5:
        assert found[0].score == pytest.approx(expected)
    else:
        assert not found or found[0].score < 0.5
