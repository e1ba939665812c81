"""Buttons are shown, and not shown, as the author wrote them."""

from __future__ import annotations

from typing import Any

ROBOT = """
    language: en
    variables: {xs: [a, b]}
    slots:
      one: {choices: "{{ xs }}", ask: One?, buttons: []}
      two: {choices: "{{ xs }}", ask: Two?}
      sure: {type: yes_no, ask: Sure?, buttons: choices}
    flows:
      f: {on: f, needs: [one, two, sure], steps: [{say: "{{ one }} {{ two }} {{ sure }}"}]}
"""


async def test_no_buttons_are_shown_where_there_are_to_be_none(talk: Any) -> None:
    await talk(ROBOT)("""
        user: f
        bot: One?
        user: a
        bot: Two? [a | b]
        user: b
        bot: Sure? [Yes | No]
        press: No
        bot: a b no
    """)


async def test_buttons_of_an_engines_text_are_shown_when_no_question_follows(talk: Any) -> None:
    texts = """
    texts:
      ses.cancelled: {text: Cancelled., buttons: [Menu]}
      ses.fallback: {text: Pardon?, buttons: [Menu]}
    """
    await talk(ROBOT + texts)("""
        user: f
        bot: One?
        user: cancel
        bot: Cancelled. [Menu]
        user: gibberish of all sorts
        bot: Pardon? [Menu]
    """)
