"""The pattern language: what matches, what it scores, what is refused; and the fast matcher against a naive one."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ses.scenario.findings.fault import Fault
from ses.scenario.recognising.pattern_syntax import (
    AnyOrder,
    Capture,
    Choice,
    Node,
    Sequence,
    Star,
    Term,
    parse_pattern,
)
from ses.scenario.recognising.recogniser import (
    ListEntity,
    ListEntry,
    PatternSource,
    build_recogniser,
    normal_form,
    unmatchable,
)
from ses.scenario.words.lexicon import WordForms

SIZES = ListEntity("size", (ListEntry("large", ("большая",)), ListEntry("small", ("мал*",))))


def matched(pattern: str, text: str, languages: tuple[str, ...] = ("ru",)) -> tuple[int, int] | None:
    """`(k, n)` of the match, or none."""
    recogniser = build_recogniser(
        languages, [PatternSource(pattern, "it")], entities=[SIZES], slots={"to": "text"}
    )
    utterance = recogniser.read(text)
    found = recogniser.patterns(utterance, recogniser.entities(utterance, recogniser.in_patterns))
    return (found[0].matched, found[0].total) if found else None


@pytest.mark.parametrize(
    ("pattern", "text", "result"),
    [
        ("хочу пиццу", "хотела пицц", (2, 2)),
        ("хочу пиццу", "я хочу пиццу", None),
        ("* хочу * пицца *", "я хочу большую пиццу, пожалуйста", (2, 5)),
        ("* хочу * пицца *", "пиццу хочу", None),
        ("=пиццу", "пиццу", (1, 1)),
        ("=пиццу", "пицца", None),
        ("закаж*", "закажите", (1, 1)),
        ("закаж*", "заказ", None),
        ("(сделать заказ|заказать) *", "сделайте заказ сейчас", (2, 3)),
        ("[очень] большая", "большую", (1, 1)),
        ("[очень] большая", "очень большую", (2, 2)),
        ("{большая пицца}", "пиццу большую", (2, 2)),
        ("{большая пицца}", "пиццу очень большую", None),
        ("{большая * пицца}", "пиццу очень большую", (2, 3)),
        ("{(завтра утром) заказ @size}", "большой заказ завтра утром", (4, 4)),
        ("еще кофе", "ЕЩЁ, кофе?", (2, 2)),
        ("как-нибудь потом", "как нибудь потом", (3, 3)),
        ("* @size *", "можно маленькую пиццу", (1, 3)),
        ("* @size *", "можно пиццу", None),
        ("отправь в @to", "отправь в нижний новгород", (4, 4)),
        ("отправь в @to", "отправь в", None),
        ("*", "что угодно", (0, 2)),
        ("да, конечно!", "да конечно", (2, 2)),
    ],
)
def test_what_matches_and_how_many_words_it_counts(
    pattern: str, text: str, result: tuple[int, int] | None
) -> None:
    assert matched(pattern, text) == result


@pytest.mark.parametrize(
    ("pattern", "text", "result"),
    [
        ("* order * pizza *", "i ordered two pizzas please", (2, 5)),
        ("my child is ill", "my children were ill", (4, 4)),
        ("reset * vpn", "resetting the vpn", (2, 3)),
        ("=run", "ran", None),
        ("run", "ran", (1, 1)),
        ("don't know", "I don’t know", None),
        ("don't know", "don’t know", (2, 2)),
    ],
)
def test_english_words_have_forms_too(pattern: str, text: str, result: tuple[int, int] | None) -> None:
    assert matched(pattern, text, ("en",)) == result


def test_a_text_slot_catches_the_words_between() -> None:
    recogniser = build_recogniser(
        ["ru"], [PatternSource("* с @from по @to", "trip")], slots={"from": "text", "to": "text"}
    )
    utterance = recogniser.read("билет с Нового Уренгоя по Тюмень, город")
    (trip,) = recogniser.intents(utterance, ())
    assert {name: [one.value for one in found] for name, found in trip.captures.items()} == {
        "from": ["Нового Уренгоя"],
        "to": ["Тюмень, город"],
    }
    assert trip.score == pytest.approx(0.5 + 0.5 * 6 / 7)


def test_the_way_that_matches_the_most_words_is_taken() -> None:
    assert matched("[очень] * [большая] * пицца", "очень большая пицца") == (3, 3)


@pytest.mark.parametrize(
    ("pattern", "offset", "says"),
    [
        ("", 0, "no words"),
        ("?!", 0, "no words"),
        ("хочу (пиццу", 5, "never closed"),
        ("хочу пиццу)", 10, "closes nothing"),
        ("(a|b]", 4, "closed by"),
        ("а|б", 1, "outside parentheses"),
        ("*хочу", 0, "cannot be left open"),
        ("хочу @", 5, "name is expected"),
        ("= слово", 0, "expected after '='"),
        ("=слов*", 0, "exclude each other"),
        ("{a b c d e}", 0, "two to 4 parts"),
        ("{a}", 0, "two to 4 parts"),
        ("{a|b c}", 2, "directly inside"),
        ("хочу .* пиццу", 5, "means nothing"),
        ("^хочу$", 0, "means nothing"),
        ("a ()", 2, "no words"),
        ("(" * 20 + "a" + ")" * 20, 12, "nested deeper"),
        ("a" * 1001, 1000, "at most 1000"),
    ],
)
def test_mistakes_are_told_with_their_place(pattern: str, offset: int, says: str) -> None:
    with pytest.raises(Fault, match=says) as caught:
        parse_pattern(pattern)
    assert caught.value.offset == offset


def test_a_pattern_of_too_many_ways_is_refused_at_load() -> None:
    part = "{a b c d}"
    for _ in range(3):
        part = "{" + " ".join([part] * 4) + "}"
    with pytest.raises(Fault, match="too many ways"):
        build_recogniser(["ru"], [PatternSource(part, "x")])


def test_patterns_that_can_never_match_are_told() -> None:
    known = {"size"}.__contains__
    assert unmatchable(parse_pattern("* @size *"), known) is None
    assert "neither a slot nor an entity" in str(unmatchable(parse_pattern("* @sise *"), known))


def test_a_form_of_a_list_value_captures_nothing() -> None:
    broken = ListEntity("size", (ListEntry("large", ("большая", "с @to")),))
    with pytest.raises(Fault, match="captures nothing") as caught:
        build_recogniser(["ru"], [], entities=[broken])
    assert (caught.value.offset, caught.value.path) == (2, ("entities", "size", "large", 1))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("* хочу * пиццу *", "* хотел *  пицца *", True),
        ("(a|b) c", "(b|a) c", True),
        ("{a b}", "{b a}", True),
        ("=пиццу", "пиццу", False),
        ("a *", "a", False),
    ],
)
def test_the_same_trigger_is_recognised(one: str, other: str, same: bool) -> None:
    assert (normal_form(parse_pattern(one), ["ru"]) == normal_form(parse_pattern(other), ["ru"])) is same


def test_only_patterns_that_can_match_are_tried_and_all_of_them_match() -> None:
    patterns = [PatternSource(f"* слово{number} *", f"intent{number}") for number in range(500)]
    recogniser = build_recogniser(["ru"], [*patterns, PatternSource("*", "any")])
    intents = recogniser.intents(recogniser.read("тут слово7 и слово499"), ())
    assert {one.intent for one in intents} == {"intent7", "intent499", "any"}


# --- the fast matcher against a naive one ----------------------------------------------------------------

WORDS = ("a", "b", "c")


def itself(words: Collection[str], languages: object) -> dict[str, WordForms]:
    return {word: WordForms((word,), frozenset((word,))) for word in words}


def naive(node: Node, words: list[str], at: int) -> Iterator[tuple[int, int]]:
    """Every `(end, words matched)`: the meaning of patterns, written down as plainly as possible."""
    if isinstance(node, Term):
        if at < len(words) and (
            words[at].startswith(node.text) if node.kind == "prefix" else words[at] == node.text
        ):
            yield at + 1, 1
    elif isinstance(node, Star):
        for end in range(at, len(words) + 1):
            yield end, 0
    elif isinstance(node, Choice):
        for option in node.options:
            yield from naive(option, words, at)
    elif isinstance(node, AnyOrder):
        for parts in itertools.permutations(node.parts):
            items: list[Node] = []
            for part in parts:
                items += [Star(), part] if node.apart and items else [part]
            yield from naive(Sequence(tuple(items)), words, at)
    else:
        assert not isinstance(node, Capture)
        if not node.items:
            yield at, 0
            return
        for end, count in naive(node.items[0], words, at):
            for last, more in naive(Sequence(node.items[1:]), words, end):
                yield last, count + more


def pattern_texts() -> st.SearchStrategy[str]:
    leaves = st.sampled_from([*WORDS, "=a", "*", "a*", "b*"])

    def deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        sequence = st.lists(inner, min_size=1, max_size=3).map(" ".join)
        solid = inner.filter(lambda text: text != "*")
        return st.one_of(
            sequence,
            st.lists(sequence, min_size=1, max_size=3).map(lambda options: "(" + "|".join(options) + ")"),
            sequence.map(lambda text: f"[{text}]"),
            st.tuples(
                st.lists(solid.map(lambda text: f"({text})"), min_size=2, max_size=3), st.booleans()
            ).map(lambda pair: "{" + (" * " if pair[1] else " ").join(pair[0]) + "}"),
        )

    return st.recursive(leaves, deeper, max_leaves=6)


@settings(max_examples=300, deadline=None)
@given(pattern_texts(), st.lists(st.sampled_from([*WORDS, "aa"]), max_size=5))
def test_the_matcher_agrees_with_a_naive_one(pattern: str, words: list[str]) -> None:
    recogniser = build_recogniser(["xx"], [PatternSource(pattern, "it")], lexicon=itself)
    expected = max(
        (count for end, count in naive(parse_pattern(pattern).root, words, 0) if end == len(words)),
        default=None,
    )
    found = recogniser.patterns(recogniser.read(" ".join(words)), ())
    assert (found[0].matched if found else None) == expected


def test_stars_upon_stars_take_no_exponential_time() -> None:
    pattern = "* " + " * ".join(["[a]"] * 60) + " * z"
    recogniser = build_recogniser(["xx"], [PatternSource(pattern, "it")], lexicon=itself)
    assert recogniser.patterns(recogniser.read("a " * 400), ()) == []
    assert recogniser.patterns(recogniser.read("a " * 400 + "z"), ())[0].matched == 61
