"""Corrections, with and without a marker, and rolling back."""

from __future__ import annotations

from typing import Any

import pytest

from ses.services.answers import HttpRequest

ROBOT = """
entities:
  size: {values: {small: {label: Маленькая, forms: [маленькая]}, large: {label: Большая, forms: [большая]}}}
  crust: {values: {thin: {label: Тонкое, forms: [тонкое]}, thick: {label: Толстое, forms: [толстое]}}}
slots:
  size: {type: size, title: Размер, ask: Какой?}
  crust: {type: crust, title: Тесто, ask: Тесто?}
  sum: {type: number, title: Сумма, ask: Сколько?}
  address: {type: text, title: Адрес, ask: Куда?}
variables: {log: []}
flows:
  order:
    on: ["* хочу *"]
    needs: [size, crust, address]
    steps:
      - set: {total: "{{ 2 if size == 'large' else 1 }}", log: {append: "{{ size }}"}}
      - set: {double: "{{ total * 2 }}"}
      - confirm: "{{ size }} {{ crust }} {{ address }} {{ double }} {{ log }}?"
      - say: Готово.
texts: {ses.back: Итак., ses.invalid: Что?, ses.too_late: Поздно.}
"""


async def test_without_a_marker_when_the_open_question_takes_nothing(talk: Any) -> None:
    await talk(ROBOT)("""
        user: хочу большую
        bot: Тесто?
        user: маленькую
        bot: Тесто?
        user: тонкое
        bot: Куда?
        user: Мира 1
        bot: Маленькая Тонкое Мира 1 2 small?
    """)


async def test_a_value_said_again_is_understood(talk: Any) -> None:
    await talk(ROBOT)("""
        user: хочу большую
        bot: Тесто?
        user: большую
        bot: Тесто?
        user: маленькую вместо большой
        bot: Тесто?
        user: тонкое
        bot: Куда?
        user: Мира 1
        bot: Маленькая Тонкое Мира 1 2 small?
    """)


async def test_several_corrections_in_one_sentence(talk: Any) -> None:
    await talk(ROBOT)("""
        user: хочу большую толстое
        bot: Куда?
        user: Мира 1
        bot: Большая Толстое Мира 1 4 large?
        user: нет, маленькую и тонкое
        bot: Маленькая Тонкое Мира 1 2 small?
    """)


async def test_with_a_marker_while_another_slot_is_asked(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat("""
        user: хочу большую
        bot: Тесто?
        user: нет, лучше маленькую
        bot: Тесто?
    """)
    assert chat.slots["size"] == "small"
    await chat("""
        user: не маленькую, а большую
        bot: Тесто?
    """)
    assert chat.slots["size"] == "large"


async def test_in_a_text_slot_a_marker_counts_only_first_with_nothing_but_the_value_after_it(
    talk: Any,
) -> None:
    chat = talk(ROBOT)
    await chat("""
        user: хочу большую тонкое
        bot: Куда?
        user: нет, маленькую
        bot: Куда?
        user: лучше к дому где маленькая дверь
        bot: Маленькая Тонкое лучше к дому где маленькая дверь 2 small?
    """)


async def test_going_back_restores_every_variable_set_since_that_step(talk: Any) -> None:
    await talk(ROBOT)("""
        user: хочу большую тонкое
        bot: Куда?
        user: Мира 1
        bot: Большая Тонкое Мира 1 4 large?
        user: нет, маленькую
        bot: Маленькая Тонкое Мира 1 2 small?
        user: большую
        bot: Большая Тонкое Мира 1 4 large?
        user: нет, адрес Ленина 5
        bot: Большая Тонкое Ленина 5 4 large?
    """)


async def test_yes_with_a_correction_is_a_correction_yes_with_the_same_value_is_yes(talk: Any) -> None:
    await talk(ROBOT)("""
        user: хочу большую тонкое
        bot: Куда?
        user: Мира 1
        bot: Большая Тонкое Мира 1 4 large?
        user: да, только маленькую
        bot: Маленькая Тонкое Мира 1 2 small?
        user: да, маленькую
        bot: Готово.
    """)


async def test_numbers_are_corrected_only_by_name_or_marker(talk: Any) -> None:
    robot = (
        ROBOT.replace("needs: [size, crust, address]", "needs: [sum, crust, address]")
        .replace("size == 'large'", "sum > 1")
        .replace("{{ size }}", "{{ sum }}")
    )
    chat = talk(robot)
    await chat("""
        user: хочу
        bot: Сколько?
        user: 100
        bot: Тесто?
        user: 300
        bot: Что? Тесто?
    """)
    assert chat.slots["sum"] == 100
    await chat("""
        user: сумма 3000
        bot: Тесто?
    """)
    assert chat.slots["sum"] == 3000
    await chat("""
        user: точнее 400
        bot: Тесто?
    """)
    assert chat.slots["sum"] == 400


async def test_of_two_filled_slots_of_one_type_the_user_is_asked_which(talk: Any) -> None:
    robot = """
entities:
  city: {values: {msk: {label: Москва, forms: [москва]}, spb: {label: Питер, forms: [питер]}, nsk: {label: Омск, forms: [омск]}}}
slots:
  from: {type: city, title: Откуда, ask: Откуда?}
  to: {type: city, title: Куда, ask: Куда?}
flows:
  trip:
    on: ["* из @from в @to"]
    needs: [from, to]
    steps: [{confirm: "{{ from }} — {{ to }}?"}, {say: Едем.}]
"""
    await talk(robot)("""
        user: из москвы в питер
        bot: Москва — Питер?
        user: нет, омск
        bot: Что именно исправить? [Откуда | Куда]
        press: Куда
        bot: Москва — Омск?
        user: да
        bot: Едем.
    """)


async def test_slots_that_read_the_corrected_one_are_cleared_and_asked_again(talk: Any) -> None:
    robot = ROBOT.replace("ask: Тесто?}", 'ask: "Тесто для {{ size }}?"}')
    await talk(robot)("""
        user: хочу большую
        bot: Тесто для Большая?
        user: тонкое
        bot: Куда?
        user: нет, маленькую
        bot: Тесто для Маленькая?
    """)


EFFECT = """
entities:
  size: {values: {small: {label: Маленькая, forms: [маленькая]}, large: {label: Большая, forms: [большая]}}}
slots:
  size: {type: size, title: Размер, ask: Какой?}
  name: {type: text, ask: Имя?}
flows:
  order:
    on: ["* хочу *"]
    needs: [size]
    steps:
      - http: {post: "https://crm.example/orders", json: {size: "{{ size }}"}}
      - ask: name
      - say: "{{ size }} {{ name }}."
texts: {ses.too_late: Поздно.}
"""


async def test_over_an_effect_the_old_value_stays(talk: Any) -> None:
    chat = talk(EFFECT, replies=[{}])
    await chat("""
        user: хочу большую
        bot: Имя?
        user: нет, маленькую
        bot: Поздно. Имя?
        user: Ира
        bot: Большая Ира.
    """)
    assert len(chat.services.called) == 1


async def test_or_its_on_correct_decides_and_sees_the_new_value(talk: Any) -> None:
    robot = EFFECT.replace(
        "ask: Какой?}", 'ask: Какой?, on_correct: [{say: "Сообщу на кухню: {{ size }}."}]}'
    )
    await talk(robot, replies=[{}])("""
        user: хочу большую
        bot: Имя?
        user: нет, маленькую
        bot: Сообщу на кухню: Маленькая.
        bot: Имя?
        user: Ира
        bot: Маленькая Ира.
    """)


async def test_a_get_is_no_effect(talk: Any) -> None:
    robot = EFFECT.replace(
        'post: "https://crm.example/orders", json: {size: "{{ size }}"}',
        'get: "https://crm.example/{{ size }}"',
    )
    chat = talk(robot, replies=[{}])
    await chat("""
        user: хочу большую
        bot: Имя?
        user: нет, маленькую
        bot: Имя?
    """)
    called = [one.url for one in chat.services.called if isinstance(one, HttpRequest)]
    assert called == ["https://crm.example/large", "https://crm.example/small"]


async def test_inside_repeat_only_the_current_pass_counts(talk: Any) -> None:
    robot = """
entities:
  size: {values: {small: {label: М, forms: [маленькая]}, large: {label: Б, forms: [большая]}}}
slots:
  size: {type: size, title: Размер, ask: Какой?}
  name: {type: text, ask: Имя?}
variables: {names: []}
flows:
  order:
    on: ["* хочу *"]
    steps:
      - repeat:
          times: 2
          steps:
            - ask: {slot: size, again: true}
            - set: {names: {append: "{{ size }}"}}
            - ask: {slot: name, again: true}
      - say: "{{ names }}"
"""
    await talk(robot)("""
        user: хочу
        bot: Какой?
        user: большую
        bot: Имя?
        user: Ира
        bot: Какой?
        user: большую
        bot: Имя?
        user: нет, маленькую
        bot: Имя?
        user: Оля
        bot: large, small
    """)


async def test_steps_before_a_goto_flow_are_not_gone_back_to(talk: Any) -> None:
    robot = """
entities:
  size: {values: {small: {label: М, forms: [маленькая]}, large: {label: Б, forms: [большая]}}}
slots:
  size: {type: size, title: Размер, ask: Какой?}
  name: {type: text, ask: Имя?}
flows:
  a: {on: ["* хочу *"], needs: [size], steps: [{say: "Взяли {{ size }}."}, {goto: b}]}
  b: {needs: [size, name], steps: [{say: "{{ size }} {{ name }}."}]}
"""
    await talk(robot)("""
        user: хочу большую
        bot: Взяли Б.
        bot: Имя?
        user: нет, маленькую
        bot: Имя?
        user: Ира
        bot: М Ира.
    """)


async def test_a_correction_from_a_called_flow_goes_back_in_its_caller(talk: Any) -> None:
    robot = """
entities:
  size: {values: {small: {label: М, forms: [маленькая]}, large: {label: Б, forms: [большая]}}}
slots:
  size: {type: size, title: Размер, ask: Какой?}
  name: {type: text, ask: Имя?}
flows:
  a: {on: ["* хочу *"], needs: [size], steps: [{set: {total: "{{ size }}"}}, {call: {flow: b}}, {say: "{{ total }}."}]}
  b: {needs: [name]}
"""
    await talk(robot)("""
        user: хочу большую
        bot: Имя?
        user: нет, маленькую
        bot: Имя?
        user: Ира
        bot: small.
    """)


@pytest.mark.parametrize("answer", ["нет", "неверно нет"])
async def test_a_no_branch_that_does_not_leave_ends_the_activity(talk: Any, answer: str) -> None:
    robot = """
flows:
  a:
    on: [старт]
    steps:
      - confirm: {say: Верно?, yes: [{say: Рад.}], no: [{say: Жаль.}]}
      - say: Дальше.
"""
    chat = talk(robot)
    await chat(f"""
        user: старт
        bot: Верно? [Да | Нет]
        user: {answer}
        bot: Жаль.
        user: старт
        bot: Верно?
        user: да
        bot: Рад.
        bot: Дальше.
    """)


async def test_another_choice_is_a_correction_by_words_of_its_label(talk: Any) -> None:
    chat = talk("""
        variables: {cards: [{id: 1, name: Зарплатная}, {id: 2, name: Кредитная золотая}]}
        slots:
          card: {ask: Какую карту?, choices: "{{ cards }}", label: "{{ item.name }}", value: "{{ item.id }}"}
        flows:
          block: {on: [заблокировать], needs: [card], steps: [{confirm: "{{ card }} {{ card.item.id }}?"}, {say: Готово.}]}
    """)
    await chat("""
        user: заблокировать
        bot: Какую карту?
        user: золотая
        bot: Кредитная золотая 2?
        user: нет, зарплатная
        bot: Зарплатная 1?
        user: да
        bot: Готово.
    """)
