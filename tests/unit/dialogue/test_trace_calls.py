"""The calls of a turn are in its trace, for `/ses/session` and scripts; private values are not."""

from __future__ import annotations

from typing import Any

from ses.services.answers import Answer

ROBOT = """
slots: {phone: {type: phone, private: true, ask: Телефон?}}
qas: {categories: [faq], threshold: 0.5}
flows:
  order:
    on: [{command: order}]
    needs: [phone]
    steps:
      - http: {post: "https://x.example/orders", json: {phone: "{{ phone }}"}, save: order}
      - say: "Заказ {{ order.id }}."
"""


async def test_calls_are_numbered_and_masked(talk: Any) -> None:
    chat = talk(ROBOT, replies=[{"id": 7, "for": "+79131234567"}])
    await chat.say("/order")
    await chat.say("+7 913 123-45-67")
    assert chat.trace["calls"] == [
        {
            "id": "2.1", "name": "order", "model": "POST", "type": "http",
            "param": {"phone": "‹phone›"}, "reply": {"id": 7, "for": "‹phone›"},
        }
    ]  # fmt: skip


async def test_what_the_faq_was_asked_is_masked_where_it_answered_a_private_question(talk: Any) -> None:
    chat = talk(ROBOT, qas=Answer("Не знаю", 0.1, "faq"))
    await chat.say("/order")
    await chat.say("мой номер девять один три")
    assert [(one["type"], one["param"], one["reply"]["confidence"]) for one in chat.trace["calls"]] == [
        ("qas", "‹phone›", 0.1)
    ]


async def test_a_turn_without_calls_has_none(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("/order")
    assert "calls" not in chat.trace


async def test_a_field_that_a_choice_does_not_have_is_an_error_not_a_blank(talk: Any) -> None:
    chat = talk("""
        variables: {cards: [{id: 1, name: Зарплатная}]}
        slots: {card: {ask: Какую карту?, choices: "{{ cards }}", label: "{{ item.name }}", value: "{{ item.id }}"}}
        flows: {block: {on: [блок], needs: [card], steps: [{say: "{{ card.item.id }}"}, {say: "{{ card.value }}"}]}}
    """)
    await chat.say("блок")
    await chat.say("зарплатная")
    assert chat.said[0].text == "1"
    assert "has no field 'value': it has key, label, item" in chat.trace["errors"][0]["message"]
