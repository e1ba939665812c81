"""What the robot shows may be chosen by its number: «вторую», "the last one", «номер два»."""

from __future__ import annotations

from typing import Any

import pytest

ROBOT = """
variables: {cards: [Альфа, Сбер, Тинькофф]}
entities:
  crust: {values: {thin: [тонкое, тонк*], thick: [толстое, толст*], second: [втор* сорт*]}}
slots:
  card: {choices: "{{ cards }}", ask: Какую карту?}
  some: {choices: "{{ cards }}", ask: Какие карты?, many: true}
  crust: {type: crust, ask: {say: Тесто?, buttons: choices}, optional: true}
  plain: {type: crust, ask: Тесто?}
  named: {type: crust, ask: {say: Тесто?, buttons: [Толстое, Тонкое]}}
flows:
  card: {on: карта, needs: [card], steps: [{say: "{{ card }}!"}]}
  some: {on: много, needs: [some], steps: [{say: "{{ some|join('+') }}!"}]}
  crust: {on: тесто, needs: [crust], steps: [{say: "{{ crust.key }}!"}]}
  plain: {on: просто, needs: [plain], steps: [{say: "{{ plain }}!"}]}
  named: {on: названо, needs: [named], steps: [{say: "{{ named.key }}!"}]}
  menu: {on: меню, steps: [{menu: {say: Что?, items: [{text: Еда, steps: [{say: Ем.}]}, {text: Вода, steps: [{say: Пью.}]}]}}]}
  second: {on: ["второй этаж"], steps: [{say: Этаж.}]}
"""


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("вторая", "Сбер!"),
        ("давайте вторую, пожалуйста", "Сбер!"),
        ("вторую карту", "Сбер!"),
        ("номер два", "Сбер!"),
        ("под номером 3", "Тинькофф!"),
        ("№2", "Сбер!"),
        ("2-ю", "Сбер!"),
        ("последнюю", "Тинькофф!"),
        ("третий вариант", "Тинькофф!"),
        ("the second one", "Сбер!"),
        ("I'll take the last one", "Тинькофф!"),
        ("option 1", "Альфа!"),
        ("2nd", "Сбер!"),
    ],
)
async def test_a_choice_is_named_by_its_number(talk: Any, said: str, answer: str) -> None:
    chat = talk(ROBOT)
    await chat.say("карта")
    assert await chat.say(said) == [answer]


@pytest.mark.parametrize(
    "said", ["седьмая", "второй раз говорю", "вторую или третью", "первую и вторую", "в первом случае"]
)
async def test_what_numbers_none_of_those_shown_is_no_choice(talk: Any, said: str) -> None:
    chat = talk(ROBOT)
    await chat.say("карта")
    (answer,) = await chat.say(said)
    assert answer.endswith("Какую карту?")


async def test_several_numbers_are_several_choices(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("много")
    assert await chat.say("первую и последнюю") == ["Альфа+Тинькофф!"]


async def test_buttons_of_list_values_are_chosen_by_their_number(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("тесто")
    assert await chat.say("второе") == ["thick!"]
    await chat.say("названо")
    assert await chat.say("первое") == ["thick!"]


async def test_a_list_value_that_is_not_shown_has_no_number(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("просто")
    (answer,) = await chat.say("второе")
    assert answer.endswith("Тесто?")


async def test_a_menu_item_is_chosen_by_its_number(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("меню")
    assert await chat.say("давай вторую") == ["Пью."]


async def test_the_words_of_a_value_or_label_go_before_its_number(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("тесто")
    assert await chat.say("второго сорта") == ["second!"]
    chat = talk(ROBOT.replace("[Альфа, Сбер, Тинькофф]", "[Вторая смена, Первая смена, Дом 1]"))
    await chat.say("карта")
    assert await chat.say("первая") == ["Первая смена!"]
    await chat.say("карта")
    assert await chat.say("1") == ["Дом 1!"]


async def test_a_trigger_that_says_more_wins_over_a_number(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("карта")
    assert (await chat.say("второй этаж"))[0] == "Этаж."


async def test_a_number_means_nothing_when_the_question_is_over(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("карта")
    await chat.say("вторую")
    assert "!" not in (await chat.say("вторую"))[0]
