"""The stack of activities, and going on after a digression."""

from __future__ import annotations

from typing import Any

from ses.dialogue.state.session import STACK

ROBOT = """
entities:
  size: {values: {small: {label: Маленькая, forms: [маленькая]}, large: {label: Большая, forms: [большая]}}}
slots:
  size: {type: size, ask: Какой?}
  name: {type: text, ask: Как вас зовут?}
  city: {type: text, ask: Город?}
flows:
  order: {on: ["* хочу *"], needs: [size, name], steps: [{say: "{{ size }}, {{ name }}."}]}
  trip: {on: ["* еду"], needs: [city], steps: [{say: "В {{ city }}."}]}
  hours: {on: ["* открыты"], steps: [{say: Да.}]}
texts: {ses.back: Итак., ses.cancelled: Отменил.}
"""


async def test_cancel_ends_the_activity_and_the_one_below_asks_again_in_one_message(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat("""
        user: хочу
        bot: Какой?
        user: еду
        bot: Город?
        user: отмена
        bot: Отменил. Итак. Какой?
        user: стоп
        bot: Отменил.
        user: отмена
        bot: Сейчас отменять нечего.
    """)
    assert chat.session.stack == []


async def test_a_digression_inside_a_digression_unwinds(talk: Any) -> None:
    await talk(ROBOT)("""
        user: хочу
        bot: Какой?
        user: еду
        bot: Город?
        user: вы открыты
        bot: Да.
        bot: Итак. Город?
        user: Томск
        bot: В Томск.
        bot: Итак. Какой?
        user: большую
        bot: Как вас зовут?
        user: Ира
        bot: Большая, Ира.
    """)


async def test_a_ninth_activity_pushes_out_the_lowest(talk: Any) -> None:
    flows = "\n".join(f"  f{n}: {{on: [поток{n}], needs: [s{n}]}}" for n in range(10))
    slots = "\n".join(f"  s{n}: {{type: number, ask: Число {n}?}}" for n in range(10))
    chat = talk(f"slots:\n{slots}\nflows:\n{flows}\n")
    for n in range(10):
        assert await chat.say(f"поток{n}") == [f"Число {n}?"]
    assert len(chat.session.stack) == STACK
    assert chat.session.stack[0].frames[0].flow == "f2"


async def test_call_with_arguments_returns_a_value(talk: Any) -> None:
    robot = """
slots: {city: {type: text, ask: Город?}}
flows:
  main: {on: [старт], steps: [{call: {flow: sum, args: {a: 2, city: Омск}, save: result}}, {say: "{{ result }}"}]}
  sum: {needs: [city], steps: [{return: "{{ city }}: {{ a + 3 }}"}]}
"""
    await talk(robot)("""
        user: старт
        bot: Омск: 5
    """)


async def test_goto_a_flow_keeps_the_slots_end_ends_everything(talk: Any) -> None:
    robot = """
slots: {city: {type: text, ask: Город?}, name: {type: text, ask: Имя?}}
flows:
  a: {on: [старт], needs: [city], steps: [{call: {flow: c}}, {say: Никогда.}]}
  b: {needs: [city, name], steps: [{say: "{{ city }} {{ name }}."}, end]}
  c: {steps: [{goto: b}]}
"""
    chat = talk(robot)
    await chat("""
        user: старт
        bot: Город?
        user: Омск
        bot: Имя?
        user: Ира
        bot: Омск Ира.
    """)
    assert not chat.session.stack
    assert not chat.slots


async def test_back_clears_the_last_answer_and_asks_it_again(talk: Any) -> None:
    await talk(ROBOT)("""
        user: хочу
        bot: Какой?
        user: назад
        bot: Мы в самом начале, возвращаться некуда. Какой?
        user: большую
        bot: Как вас зовут?
        user: назад
        bot: Какой?
        user: маленькую
        bot: Как вас зовут?
        user: Ира
        bot: Маленькая, Ира.
    """)


async def test_a_robot_may_redefine_a_built_in_intent(talk: Any) -> None:
    robot = ROBOT + "intents: {cancel: {patterns: [забудь]}}\n"
    await talk(robot)("""
        user: еду
        bot: Город?
        user: отмена
        bot: В отмена.
        user: еду
        bot: Город?
        user: забудь
        bot: Отменил.
    """)


async def test_repeat_skip_and_help_mean_nothing_without_a_question(talk: Any) -> None:
    await talk(ROBOT + "events: {fallback: [{say: Не понял.}]}\n")("""
        user: повтори
        bot: Я ещё ничего не говорил.
        user: помощь
        bot: Не понял.
    """)


async def test_a_menu_is_chosen_by_button_number_words_and_patterns(talk: Any) -> None:
    robot = """
flows:
  main:
    on: [меню]
    steps:
      - menu:
          say: Что дальше?
          items:
            - {text: Новый заказ, is: ["* ещё *"], steps: [{say: Заказ.}]}
            - {text: Позвать человека, steps: [{say: Зову.}]}
      - say: Пока.
"""
    for answer, said in (("1", "Заказ."), ("заказ", "Заказ."), ("хочу ещё", "Заказ."), ("человека", "Зову.")):
        await talk(robot)(f"""
            user: меню
            bot: Что дальше? [Новый заказ | Позвать человека]
            user: {answer}
            bot: {said}
            bot: Пока.
        """)
    await talk(robot)("""
        user: меню
        bot: Что дальше?
        press: Позвать человека
        bot: Зову.
        bot: Пока.
    """)
    await talk(robot)("""
        user: меню
        bot: Что дальше?
        user: бла
        bot: Не совсем понял ответ. Что дальше?
    """)


async def test_loops_run_break_and_continue(talk: Any) -> None:
    robot = """
flows:
  each:
    on: [каждый]
    steps:
      - repeat:
          each: "[1, 2, 3, 4]"
          as: n
          steps:
            - if: n == 2
              then: [continue]
            - if: n == 4
              then: [break]
            - say: "{{ n }}"
      - say: всё
  times: {on: [разы], steps: [{repeat: {times: 2, steps: [{say: раз}]}}]}
  while:
    on: [пока]
    steps:
      - set: {i: 0}
      - repeat: {while: i < 3, steps: [{set: {i: {add: 1}}}]}
      - say: "{{ i }}"
"""
    await talk(robot)("""
        user: каждый
        bot: 1
        bot: 3
        bot: всё
        user: разы
        bot: раз
        bot: раз
        user: пока
        bot: 3
    """)


async def test_adding_to_a_users_variable_starts_from_its_first_value(talk: Any) -> None:
    chat = talk("""
variables: {bonus: {value: 10, keep: user}}
flows: {a: {on: [плюс], steps: [{set: {bonus: {add: 5}}}, {say: "{{ bonus }}"}]}}
""")
    await chat("""
        user: плюс
        bot: 15
        user: плюс
        bot: 20
    """)
    assert chat.ports.user == {"bonus": 20}


async def test_lists_are_appended_to_and_removed_from(talk: Any) -> None:
    robot = """
variables: {items: []}
flows:
  a: {on: [плюс], steps: [{set: {items: {append: "{{ len(items) }}"}}}, {say: "{{ items }}"}]}
  b: {on: [минус], steps: [{set: {items: {remove: 0}}}, {say: "{{ items or 'пусто' }}"}]}
"""
    chat = talk(robot)
    for text, said in (("плюс", "0"), ("плюс", "0, 1"), ("минус", "1"), ("минус", "пусто")):
        assert await chat.say(text) == [said]
    await chat.say("минус")
    assert chat.trace["errors"][0]["kind"] == "value"
