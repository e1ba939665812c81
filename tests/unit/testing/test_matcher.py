"""`*` stands for any text."""

from __future__ import annotations

import pytest

from ses.testing.matcher import matches, matches_spoken


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
