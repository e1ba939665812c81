"""`*` stands for any text."""

from __future__ import annotations

import pytest

from ses.testing.matcher import matches, matches_spoken, same_label


@pytest.mark.parametrize(
    "pattern, text, fits",
    [
        ("Hello", "Hello", True),
        ("Hello", "Hello!", False),
        ("* right?", "590 ₽. Is it right?", True),
        ("first*last", "first\nmiddle\nlast", True),
        ("*", "", True),
        ("a.c", "abc", False),
        (r"5 \* 3", "5 * 3", True),
        (r"5 \* 3", "5 x 3", False),
    ],
)
def test_what_the_robot_says(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits


@pytest.mark.parametrize(
    "pattern, utterance, fits",
    [
        ("* карту *", "Заблокируйте карту!", True),
        ("* карту *", "карту", True),
        ("* карту *", "карту, пожалуйста", True),
        ("* карту *", "открыткарту", False),
        ("*print*", "The PRINTER is dead", True),
        ("нет", "Нет.", True),
        ("* елка *", "где ёлка?", True),
    ],
)
def test_what_a_person_says_is_compared_by_its_words(pattern: str, utterance: str, fits: bool) -> None:
    assert matches_spoken(pattern, utterance) is fits


@pytest.mark.parametrize("blank", ["\u00a0", "\u202f", "\u2009", "\u2007"])
def test_a_typed_blank_stands_for_every_blank(blank: str) -> None:
    shown = f"за 1{blank}590{blank}₽"
    assert same_label("за 1 590 ₽", shown)
    assert same_label(shown, "за 1 590 ₽")
    assert matches("* 1 590 ₽", shown)
    assert not same_label("за 1590 ₽", shown)
