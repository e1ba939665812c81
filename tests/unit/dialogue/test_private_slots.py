"""Privacy: the words that a private slot has used leave no trace behind."""

from __future__ import annotations

import json
from typing import Any

from ses.messages import Attachment

ROBOT = """
entities: {size: {values: {large: {label: Большая, forms: [большая]}}}}
slots:
  phone: {type: phone, title: Телефон, private: true, ask: Ваш телефон?, invalid: "Это не телефон: {{ value }}"}
  code: {type: text, private: true, ask: Код?}
  size: {type: size, ask: Размер?}
flows:
  order:
    on: ["* заказ *"]
    needs: [size, phone]
    steps:
      - set: {line: "Звоним {{ phone }}"}
      - confirm: "Ваш номер {{ phone }}?"
      - say: "{{ line }}, {{ size }}."
  login: {on: [войти], needs: [code], steps: [{say: "Код {{ code }} принят."}]}
"""


async def test_the_span_becomes_the_slots_name_in_the_log(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("заказ")
    await chat.say("большая, звоните +7 913 123-45-67 вечером")
    assert chat.leg.masked == {"m2": "большая, звоните ‹phone› вечером"}
    assert chat.said[0].text == "Ваш номер +79131234567?"
    assert chat.said[0].masked == "Ваш номер ‹phone›?"
    assert "9131234567" not in json.dumps(chat.trace, ensure_ascii=False)
    await chat.say("да")
    assert chat.said[0].masked == "‹phone›, Большая."
    assert chat.leg.masked == {}


async def test_an_answer_to_a_private_question_that_was_not_understood_is_masked_whole(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("заказ большая")
    await chat.say("мой номер девять один три")
    assert chat.leg.masked == {"m2": "‹phone›"}


async def test_a_private_text_is_masked_whole_and_in_what_the_robot_says(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("войти")
    await chat.say("сезам, откройся")
    assert chat.leg.masked == {"m2": "‹code›"}
    assert chat.said[0].text == "Код сезам, откройся принят."
    assert chat.said[0].masked == "Код ‹code› принят."


async def test_a_correction_of_a_private_slot_is_masked(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("заказ большая")
    await chat.say("+7 913 123-45-67")
    await chat.say("нет, +7 913 000-00-00")
    assert chat.said[0].masked == "Ваш номер ‹phone›?"
    assert chat.leg.masked == {"m3": "нет, ‹phone›"}


async def test_words_after_a_command_and_typed_labels_are_masked_too(talk: Any) -> None:
    chat = talk(ROBOT.replace('on: ["* заказ *"]', "on: [{command: order}]"))
    await chat.say("/order большая +7 913 123-45-67")
    assert chat.leg.masked == {"m1": "/order большая ‹phone›"}
    chat = talk("""
slots: {card: {private: true, ask: Карта?, choices: "{{ cards }}", label: "{{ item.n }}", value: "{{ item.n }}"}}
variables: {cards: [{n: Виза 1111}, {n: Мир 2222}]}
flows: {a: {on: [карта], needs: [card], steps: [{say: "Взял {{ card }}."}]}}
""")
    await chat.say("карта")
    await chat.say("виза 1111")
    assert chat.leg.masked == {"m2": "‹card›"}
    assert chat.said[0].masked == "Взял ‹card›."


async def test_each_message_of_a_turn_is_masked_apart(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.burst("заказ большая", "+7 913 123-45-67", "да")
    assert chat.leg.masked == {"m2": "‹phone›"}


async def test_a_contact_or_a_picture_for_a_private_slot_is_masked(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("заказ большая")
    await chat.attach(Attachment(kind="contact", value={"phone": "+79131234567", "name": "Иван"}))
    assert chat.said[0].text == "Ваш номер +79131234567?"
    assert chat.leg.masked == {"m2": "‹phone›"}
