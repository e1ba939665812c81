"""Reading an utterance."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses.scenario.words.tokeniser import MAX_UTTERANCE, fold, phrase_key, read


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Хочу большую пиццу!", ["хочу", "большую", "пиццу"]),
        ("Ещё чаю — «чёрного»…", ["еще", "чаю", "черного"]),
        ("кто-нибудь, да?", ["кто", "нибудь", "да"]),
        ("I don't know, Bob’s car", ["i", "don't", "know", "bob's", "car"]),
        ("a_b snake_case", ["a", "b", "snake", "case"]),
        ("18:30 и 2,5 кг", ["18", "30", "и", "2", "5", "кг"]),
        ("за\u0301мок", ["замок"]),
        ("Straße", ["strasse"]),
        ("👍🏽 ...", []),
        ("", []),
        ("dogs' tails", ["dogs", "tails"]),
    ],
)
def test_words_are_folded_and_split_on_spaces_and_punctuation(text: str, words: list[str]) -> None:
    assert [word.text for word in read(text).words] == words


def test_letters_of_two_characters_are_composed() -> None:
    decomposed = unicodedata.normalize("NFD", "чай ещё")
    utterance = read(decomposed)
    assert utterance.raw == "чай ещё"
    assert [word.text for word in utterance.words] == ["чай", "еще"]


def test_an_utterance_is_cut_before_anything_looks_at_it() -> None:
    assert len(read("ф " * 10_000).raw) == MAX_UTTERANCE
    assert len(read("\u0958" * 5_000).raw) <= MAX_UTTERANCE  # composing makes this letter longer


@given(st.text(max_size=200))
def test_places_point_at_the_words_in_the_raw_text(text: str) -> None:
    utterance = read(text)
    end = 0
    for word in utterance.words:
        assert end <= word.start < word.end <= len(utterance.raw)
        assert fold(utterance.raw[word.start : word.end]) == word.text
        end = word.end


@pytest.mark.parametrize(
    ("one", "other"),
    [("Да, ещё!", "да еще"), ("  OK ", "ok"), ("Заказать пиццу", "ЗАКАЗАТЬ   ПИЦЦУ."), ("👍", " 👍")],
)
def test_labels_compare_by_their_words(one: str, other: str) -> None:
    assert phrase_key(one) == phrase_key(other)
