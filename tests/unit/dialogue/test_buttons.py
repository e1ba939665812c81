"""A button answers its own question, and only while that is open."""

from __future__ import annotations

from typing import Any

ROBOT = """
entities:
  size: {values: {small: {label: Маленькая, forms: [маленькая]}, large: {label: Большая, forms: [большая]}}}
slots:
  size: {type: size, title: Размер, ask: {say: Какой?, buttons: choices}}
  extra: {type: size, title: Второй, ask: {say: А второй?, buttons: choices}}
  day: {type: text, ask: {say: Когда?, buttons: [Сегодня, {text: Потом, value: later}]}}
flows:
  order:
    title: Заказ
    on: ["* хочу *", {button: Заказать}]
    needs: [size, day]
    steps: [{say: "{{ size }} {{ day }}."}]
  two: {on: ["* пару *"], needs: [size, extra], steps: [{confirm: "{{ size }} {{ extra }}?"}, {say: Готово.}]}
  hello:
    on: ["* привет *"]
    steps:
      - say: {text: Здравствуйте!, buttons: [Заказать, Меню, {text: Сразу большую, flow: order, args: {size: large}}, {text: Сайт, url: "https://a.example"}]}
  menu: {on: ["* меню *"], steps: [{say: Меню.}]}
texts: {ses.back: Итак., ses.stale: Старая кнопка.}
"""


async def test_labels_values_and_typed_labels_answer(talk: Any) -> None:
    await talk(ROBOT)("""
        user: хочу
        bot: Какой? [Маленькая | Большая]
        press: Большая
        bot: Когда? [Сегодня | Потом]
        press: Сегодня
        bot: Большая Сегодня.
        user: хочу большую
        bot: Когда?
        press: Потом
        bot: Большая later.
        user: хочу большую
        bot: Когда?
        user: потом
        bot: Большая later.
    """)


async def test_an_old_slot_button_of_a_living_activity_is_a_correction_never_an_answer_to_another_question(
    talk: Any,
) -> None:
    chat = talk(ROBOT)
    await chat("""
        user: пару
        bot: Какой?
        press: Большая
        bot: А второй?
        press: Маленькая
        bot: Большая Маленькая?
    """)
    first = chat.received[0].buttons[0]
    await chat.turn(chat.inbound(button=first.id))
    assert [m.text for m in chat.said] == ["Маленькая Маленькая?"]


async def test_yes_pressed_twice_is_stale_the_second_time(talk: Any) -> None:
    await talk(ROBOT)("""
        user: пару
        bot: Какой?
        press: Большая
        bot: А второй?
        press: Маленькая
        bot: Большая Маленькая?
        press: Да
        bot: Готово.
        press: Да
        bot: Старая кнопка.
        user: хочу
        bot: Какой?
        press: Да
        bot: Старая кнопка. Какой?
    """)


async def test_flow_buttons_work_for_as_long_as_the_session_lives(talk: Any) -> None:
    await talk(ROBOT)("""
        user: привет
        bot: Здравствуйте! [Заказать | Меню | Сразу большую | Сайт]
        press: Заказать
        bot: Какой?
        press: Сразу большую
        bot: Какой?
        press: Большая
        bot: Когда?
        user: завтра
        bot: Большая завтра.
        press: Сразу большую
        bot: Когда?
    """)


async def test_a_flow_button_while_another_question_is_open_digresses(talk: Any) -> None:
    await talk(ROBOT)("""
        user: привет
        bot: Здравствуйте!
        user: пару
        bot: Какой?
        press: Заказать
        bot: Какой?
    """)


async def test_a_plain_button_of_the_last_message_is_its_label_typed(talk: Any) -> None:
    await talk(ROBOT)("""
        user: привет
        bot: Здравствуйте!
        press: Меню
        bot: Меню.
        press: Меню
        bot: Старая кнопка.
    """)


async def test_an_unknown_button_is_stale_and_harms_nothing(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("хочу")
    for button in ("9.9.9", "nonsense", "1.1.99", "1.1.-1", "", "1.1.", "1.1.1.1"):
        assert await chat.turn(chat.inbound(button=button)) == ["Старая кнопка. Какой?"]


async def test_a_flow_button_does_not_interrupt_what_may_not_be_interrupted(talk: Any) -> None:
    await talk(ROBOT.replace("  two: {on:", "  two: {interruptible: false, on:"))("""
        user: привет
        bot: Здравствуйте!
        user: пару
        bot: Какой?
        press: Заказать
        bot: Какой?
        press: Большая
        bot: А второй?
    """)


async def test_url_and_request_buttons_come_back_as_they_are(talk: Any) -> None:
    chat = talk("""
slots: {phone: {type: phone, ask: {say: Телефон?, buttons: [{text: Поделиться, request: phone}]}}}
flows: {a: {on: [старт], needs: [phone], steps: [{say: {text: "{{ phone }}", buttons: [{text: Сайт, url: "https://a.example/"}]}}]}}
""")
    await chat.say("старт")
    assert chat.said[0].buttons[0].request == "phone"
    assert chat.said[0].buttons[0].id == ""
    await chat.say("+7 913 000-11-22")
    assert chat.said[0].buttons[0].url == "https://a.example/"


async def test_a_button_with_a_condition_is_shown_only_then(talk: Any) -> None:
    chat = talk("""
variables: {n: 0}
flows: {a: {on: [старт], steps: [{say: {text: "{{ n }}", buttons: [{text: Всегда}, {text: Потом, if: n > 0}]}}, {set: {n: {add: 1}}}]}}
""")
    await chat("""
        user: старт
        bot: 0 [Всегда]
        user: старт
        bot: 1 [Всегда | Потом]
    """)
