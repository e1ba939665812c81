"""Events, `resume` after a pause, several messages at once, versions, languages, external values, edits."""

from __future__ import annotations

from typing import Any

import pytest

from ses.dialogue.engine import run_poison, run_turn
from ses.dialogue.state.session import Session

ROBOT = """
session: {idle: 30m, expire: 30d}
slots: {name: {type: text, ask: Имя?}, n: {type: number, ask: Число?, invalid: Нет.}}
flows:
  hello: {steps: [{say: "Привет{{ ' снова' if not session.new else '' }}!"}]}
  ask: {on: [вопрос], needs: [name], steps: [{say: "{{ name }}."}]}
  count: {on: [число], needs: [n], steps: [{say: "{{ n }}."}]}
  hours: {on: ["* открыты"], steps: [{say: Да.}]}
  paid: {on: [{event: paid, if: "event.sum > 10"}], steps: [{say: "Оплачено {{ event.sum }}."}]}
events: {start: hello, resume: [{say: "С возвращением ({{ daypart }})."}], limit: [{say: Помедленнее.}], fallback: [{say: Не понял.}]}
texts: {ses.back: Итак.}
"""


async def test_start_and_the_robots_own_events(talk: Any) -> None:
    chat = talk(ROBOT)
    assert await chat.event("start") == ["Привет!"]
    assert await chat.event("paid", sum=5) == []
    await chat.say("вопрос")
    assert await chat.event("paid", sum=50) == ["Оплачено 50.", "Итак. Имя?"]
    assert await chat.event("limit") == ["Помедленнее.", "Итак. Имя?"]
    assert await chat.event("leave") == []


async def test_a_return_after_a_pause_greets_routes_and_asks_the_open_question_once(talk: Any) -> None:
    await talk(ROBOT)("""
        user: число
        bot: Число?
        pass: 1h
        user: вы открыты
        bot: С возвращением (day).
        bot: Да.
        bot: Итак. Число?
        pass: 1h
        user: бла
        bot: С возвращением (day).
        bot: Нет. Число?
        pass: 1h
        user: 5
        bot: С возвращением (day).
        bot: 5.
    """)


async def test_an_expired_session_starts_anew(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat("""
        user: вопрос
        bot: Имя?
        pass: 31d
        user: бла
        bot: Не понял.
    """)
    assert chat.session.turn == 2


async def test_the_event_end_drops_the_stack(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("вопрос")
    assert await chat.event("end") == []
    assert chat.session.stack == []


ENDING = """
session: {expire: 30d}
variables: {visits: 0, bonus: {value: 0, keep: user}}
slots: {name: {type: text, ask: Имя?}}
flows:
  ask: {on: [вопрос], needs: [name], steps: [{set: {visits: {add: 1}, bonus: {add: 1}}}, {goto: ask2}]}
  ask2: {steps: [{ask: {slot: name, again: true}}, {say: "{{ name }}."}]}
  tell: {on: [сколько], steps: [{say: "{{ visits }} {{ bonus }} {{ session.new }}"}]}
events: {end: [{http: {post: "https://crm.example/left", json: {n: "{{ visits }}"}}}, {say: "Пока, {{ visits }}."}], fallback: [{say: Не понял.}]}
"""


async def test_a_message_after_the_session_expired_lets_its_end_run_first_and_begins_a_new_one(
    talk: Any,
) -> None:
    chat = talk(ENDING, replies=[{}])
    await chat("""
        user: вопрос
        bot: Имя?
        user: Ира
        bot: Имя?
        pass: 29d
        user: Оля
        bot: Оля.
        pass: 31d
        user: сколько
        bot: Пока, 1.
        bot: 0 1 да
        user: сколько
        bot: 0 1 нет
    """)
    assert len(chat.services.called) == 1
    assert chat.session.turn == 5


async def test_an_end_that_died_in_its_call_goes_on_and_then_the_message_is_handled(
    talk: Any, killed: Any
) -> None:
    chat = talk(ENDING, replies=[{}])
    await chat.say("вопрос")
    await chat.say("Ира")
    chat.clock.advance(31 * 86400)
    message = chat.inbound(text="сколько")
    chat.ports.die_after = 0
    with pytest.raises(killed):
        await chat.turn(message)
    chat.stored = chat.ports.legs[-1][0]
    assert await chat.turn(message) == ["Пока, 1.", "0 1 да"]
    assert chat.session.checkpoint is None


async def test_an_end_that_kills_again_and_again_is_not_tried_for_the_next_message(
    talk: Any, killed: Any
) -> None:
    chat = talk(ENDING, replies=[{}])
    await chat.say("вопрос")
    chat.clock.advance(31 * 86400)
    message = chat.inbound(text="сколько")
    chat.ports.die_after = 0
    with pytest.raises(killed):
        await chat.turn(message)
    stored = Session.decode(chat.ports.legs[-1][0])
    leg = await run_poison(
        stored, message, chat.programs, chat.program, chat.ports, user_variables=dict(chat.ports.user)
    )
    chat.stored = leg.session.encode()
    assert (leg.session.stack, leg.session.variables, leg.session_ended) == ([], {}, False)
    next_ = await run_turn(
        Session.decode(chat.stored), [chat.inbound(text="сколько")], chat.programs, chat.program, chat.ports,
        user_variables=dict(chat.ports.user),
    )  # fmt: skip
    assert [message.text for message in next_.outgoing] == ["0 0 нет"]


async def test_the_event_end_reads_the_values_before_they_go(talk: Any) -> None:
    chat = talk(ENDING, replies=[{}])
    await chat.say("вопрос")
    await chat.say("Ира")
    assert await chat.event("end") == ["Пока, 1."]
    assert chat.leg.session_ended
    assert (chat.session.stack, chat.session.variables, chat.session.slots) == ([], {}, {})
    assert await chat.say("сколько") == ["0 1 да"]


async def test_an_event_keeps_the_session_alive(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("вопрос")
    chat.clock.advance(29 * 86400)
    await chat.event("paid", sum=50)
    chat.clock.advance(2 * 86400)
    assert await chat.say("Ира") == ["С возвращением (day).", "Ира."]


async def test_several_messages_at_once_are_one_turn_and_answered_questions_are_not_sent(talk: Any) -> None:
    chat = talk(ROBOT)
    assert await chat.burst("число", "7") == ["7."]
    assert await chat.burst("число", "вы открыты", "8") == ["Число?", "Да.", "8."]
    assert await chat.burst("вы открыты", "число") == ["Да.", "Число?"]
    assert chat.session.turn == 3


async def test_an_activity_stays_with_its_version_new_ones_take_the_newest(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("вопрос")
    chat.publish(ROBOT.replace('"{{ name }}."', '"Новое {{ name }}."'))
    await chat("""
        user: Ира
        bot: Ира.
        user: вопрос
        bot: Имя?
        user: Ира
        bot: Новое Ира.
    """)


async def test_move_goes_on_at_the_same_operation_or_starts_the_flow_again_with_its_slots(talk: Any) -> None:
    robot = ROBOT.replace("expire: 30d", "expire: 30d, on_update: move")
    chat = talk(robot)
    await chat.say("вопрос")
    chat.publish(robot.replace('"{{ name }}."', '"Новое {{ name }}."'))
    await chat("""
        user: Ира
        bot: Новое Ира.
        user: вопрос
        bot: Имя?
    """)
    chat.publish(robot.replace("needs: [name]", "needs: [n]"))
    await chat("""
        user: 5
        bot: .
    """)


async def test_a_version_that_is_gone_moves_too_and_a_flow_that_is_gone_ends(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("вопрос")
    chat.publish(ROBOT.replace("  ask: {on: [вопрос]", "  ask2: {on: [вопрос]"))
    chat.programs = {chat.program.version: chat.program}
    assert await chat.say("бла") == ["Не понял."]


async def test_the_users_language_is_spoken_if_the_robot_knows_it(talk: Any) -> None:
    robot = """
language: ru
languages: [ru, en]
texts: {hello: {ru: Привет, en: Hi}}
flows: {hello: {on: ["* код *"], steps: [{say: {key: hello}}]}}
"""
    chat = talk(robot)
    assert await chat.say("код") == ["Привет"]
    assert await chat.say("код", language="en-US") == ["Hi"]
    assert await chat.say("код", language="de") == ["Hi"]


async def test_external_values_set_only_declared_names_of_a_fitting_type(talk: Any) -> None:
    robot = """
variables: {bonus: 0, city: "", secret: {value: 1}, plan: {value: free, from: page}}
flows: {show: {on: [покажи], steps: [{say: "{{ bonus }} {{ city }} {{ secret }} {{ plan }} {{ page.title }}"}]}}
"""
    chat = talk(robot)
    said = await chat.say(
        "покажи",
        variables={"bonus": 5, "city": 7, "unknown": 1},
        page={"title": "Магазин", "plan": "pro", "secret": 99},
    )
    assert said == ["5  1 pro Магазин"]
    assert chat.trace["errors"] == [{"kind": "value", "dropped": ["city", "unknown"]}]


async def test_an_edit_of_the_last_message_runs_again_from_before_it(talk: Any) -> None:
    chat = talk(ROBOT)
    await chat.say("число")
    await chat.say("5")
    assert chat.said[0].text == "5."
    said = await chat.turn(chat.inbound(text="6", edit_of="m2"))
    assert said == ["6."]
    assert chat.said[0].replaces == "s/2/1"
    assert chat.said[0].id == "s/3/1"
    assert await chat.turn(chat.inbound(text="7", edit_of="m1")) == []
    assert await chat.turn(chat.inbound(text="8", edit_of="m2")) == ["8."]
    assert chat.said[0].replaces == "s/3/1"
    await chat.event("leave")
    assert await chat.turn(chat.inbound(text="9", edit_of="m2")) == []


async def test_an_edit_after_an_effect_is_only_logged(talk: Any) -> None:
    chat = talk(
        """
slots: {name: {type: text, ask: Имя?}}
flows: {a: {on: [старт], needs: [name], steps: [{http: {post: "https://a.example/"}}, {say: Готово.}]}}
""",
        replies=[{}],
    )
    await chat.say("старт")
    await chat.say("Ира")
    assert await chat.turn(chat.inbound(text="Оля", edit_of="m2")) == []
    assert len(chat.services.called) == 1


async def test_variants_are_said_in_turn(talk: Any) -> None:
    chat = talk("flows: {hi: {on: [привет], steps: [{say: [Раз, Два, Три]}]}}\n")
    assert [(await chat.say("привет"))[0] for _ in range(4)] == ["Раз", "Два", "Три", "Раз"]


async def test_what_is_said_in_one_channel_only(talk: Any) -> None:
    chat = talk("""
flows: {hi: {on: [привет], steps: [{say: {text: Всем, channels: {telegram: {text: Телеграму}}}}]}}
events: {start: [{say: Старт}], start@vk: [{say: Старт ВК}]}
""")
    assert await chat.say("привет") == ["Всем"]
    chat.channel = "telegram"
    assert await chat.say("привет") == ["Телеграму"]
    chat.channel = "vk"
    assert await chat.event("start") == ["Старт ВК"]
