"""Turns commit in legs, die, go on, and fail in ways an author can catch."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from ses.dialogue.engine import run_poison, run_turn
from ses.dialogue.state.session import Session
from ses.errors import StepError
from ses.services.answers import FoundEntity

ORDER = """
slots: {name: {type: text, ask: Имя?}}
variables: {count: 0, total: {value: 0, keep: user}}
flows:
  order:
    on: [заказ]
    needs: [name]
    steps:
      - set: {count: {add: 1}, total: {add: 10}}
      - say: Минутку…
      - http: {post: "https://crm.example/a", json: {name: "{{ name }}"}, save: first}
      - say: "Первый {{ first.id }}."
      - http: {post: "https://crm.example/b", save: second}
      - say: "Второй {{ second.id }}, {{ count }}, {{ total }}."
"""


async def test_what_was_said_before_a_call_is_committed_before_it(talk: Any) -> None:
    chat = talk(ORDER, replies=[{"id": 1}, {"id": 2}])
    await chat.say("заказ")
    assert await chat.say("Ира") == ["Минутку…", "Первый 1.", "Второй 2, 1, 10."]
    assert [[m.text for m in out] for _, out in chat.ports.legs] == [["Минутку…"], ["Первый 1."]]
    assert [m.text for m in chat.leg.outgoing] == ["Второй 2, 1, 10."]
    assert [one.key for one in chat.services.called] == ["s/2/1", "s/2/2"]
    assert [m.id for m in chat.said] == ["s/2/1", "s/2/2", "s/2/3"]


@pytest.mark.parametrize("legs", [0, 1])
async def test_a_turn_that_died_goes_on_and_repeats_only_the_call_in_flight(
    talk: Any, killed: Any, legs: int
) -> None:
    chat = talk(ORDER, replies=[{"id": 1}, {"id": 2}])
    await chat.say("заказ")
    inbound = chat.inbound(text="Ира")
    chat.ports.legs = []
    chat.ports.die_after = legs
    with pytest.raises(killed):
        await run_turn(
            chat.session,
            [inbound],
            chat.programs,
            chat.program,
            chat.ports,
            user_variables=dict(chat.ports.user),
        )
    stored = chat.ports.legs[-1][0]
    checkpoint = Session.decode(stored).checkpoint
    assert checkpoint is not None
    assert checkpoint.inbounds == [inbound.id]
    chat.clock.advance(3600)
    leg = await run_turn(
        Session.decode(stored),
        [inbound],
        chat.programs,
        chat.program,
        chat.ports,
        user_variables=dict(chat.ports.user),
    )
    chat.keep(leg)
    assert [m.text for m in chat.said] == ["Минутку…", "Первый 1.", "Второй 2, 1, 10."]
    assert [m.id for m in chat.said] == ["s/2/1", "s/2/2", "s/2/3"]
    assert sorted({one.key for one in chat.services.called}) == ["s/2/1", "s/2/2"]
    assert chat.ports.user == {"total": 10}
    assert chat.session.checkpoint is None


async def test_a_session_in_flight_needs_its_inbounds(talk: Any, killed: Any) -> None:
    chat = talk(ORDER, replies=[{"id": 1}])
    await chat.say("заказ")
    chat.ports.legs, chat.ports.die_after = [], 0
    with pytest.raises(killed):
        await chat.say("Ира")
    session = Session.decode(chat.ports.legs[-1][0])
    with pytest.raises(ValueError, match="in flight"):
        await run_turn(
            session, [chat.inbound(text="да")], chat.programs, chat.program, chat.ports, user_variables={}
        )


FAILING = """
slots: {name: {type: text, ask: Имя?}}
flows:
  guarded:
    on: [один]
    steps:
      - http: {get: "https://crm.example/", save: x}
        on_error: [{say: "Беда {{ error.kind }} {{ error.status }}."}]
      - say: "Дальше {{ x or 'пусто' }}."
  tried:
    on: [два]
    steps:
      - try: [{call: {flow: inner}}, {say: Никогда.}]
        catch: [{say: "Поймал {{ error.service }}."}]
      - say: Дальше.
  inner: {steps: [{http: {get: "https://crm.example/"}}]}
  bare: {on: [три], steps: [{say: До.}, {http: {get: "https://crm.example/"}}, {say: Никогда.}]}
  asks: {on: [вопрос], needs: [name], steps: [{say: "{{ name }}."}]}
events: {error: [{say: "Ошибка {{ error.kind }}."}]}
texts: {ses.back: Итак., ses.error: Совсем беда.}
"""
DOWN = StepError("status", "crm says no", service="http", status=503)


async def test_on_error_catch_and_event_error(talk: Any) -> None:
    await talk(FAILING, replies=[DOWN])("""
        user: один
        bot: Беда status 503.
        bot: Дальше пусто.
        user: два
        bot: Поймал http.
        bot: Дальше.
        user: вопрос
        bot: Имя?
        user: три
        bot: До.
        bot: Ошибка status.
        bot: Итак. Имя?
    """)


async def test_a_failure_inside_error_says_ses_error_and_runs_nothing(talk: Any) -> None:
    robot = FAILING.replace(
        '[{say: "Ошибка {{ error.kind }}."}]', '[{http: {get: "https://crm.example/"}}, {say: Никогда.}]'
    )
    await talk(robot, replies=[DOWN])("""
        user: три
        bot: До.
        bot: Совсем беда.
    """)


async def test_an_expression_that_fails_is_an_error_of_kind_value(talk: Any) -> None:
    robot = FAILING + "variables: {thing: null}\n"
    robot = robot.replace(
        "  inner:", '  broken: {on: [четыре], steps: [{say: "{{ thing.name }}"}]}\n  inner:'
    )
    await talk(robot)("""
        user: четыре
        bot: Ошибка value.
    """)


async def test_a_failing_question_does_not_hang_the_turn(talk: Any) -> None:
    robot = FAILING + "variables: {thing: null}\n"
    robot = robot.replace("ask: Имя?", 'ask: "{{ thing.name }}?"')
    await talk(robot)("""
        user: вопрос
        bot: Ошибка value.
    """)


async def test_more_than_ten_thousand_steps_is_runaway(talk: Any) -> None:
    robot = """
variables: {i: 0}
flows:
  run: {on: [беги], steps: [{repeat: {while: "i >= 0", steps: [{set: {i: {add: 1}}}]}}]}
  ok: {on: [живой], steps: [{say: Да.}]}
events: {error: [{say: "Ошибка {{ error.kind }}."}]}
"""
    await talk(robot)("""
        user: беги
        bot: Ошибка runaway.
        user: живой
        bot: Да.
    """)


async def test_poison_is_answered_by_event_error_and_the_question_below_stays(talk: Any) -> None:
    robot = FAILING.replace('"Ошибка {{ error.kind }}."', '"{{ error.kind }}: {{ message.text }}."')
    chat = talk(robot)
    await chat.say("вопрос")
    inbound = chat.inbound(text="ужас")
    leg = await run_poison(chat.session, inbound, chat.programs, chat.program, chat.ports, user_variables={})
    chat.ports.legs = []
    chat.keep(leg)
    assert [m.text for m in chat.said] == ["poison: ужас.", "Итак. Имя?"]


async def test_poison_during_a_call_ends_the_activity_that_called(talk: Any, killed: Any) -> None:
    chat = talk(ORDER, replies=[{"id": 1}])
    await chat.say("заказ")
    inbound = chat.inbound(text="Ира")
    chat.ports.legs, chat.ports.die_after = [], 0
    with pytest.raises(killed):
        await chat.turn(inbound)
    session = Session.decode(chat.ports.legs[-1][0])
    said = chat.ports.legs[-1][1]
    leg = await run_poison(session, inbound, chat.programs, chat.program, chat.ports, user_variables={})
    assert [m.text for m in leg.outgoing] == [
        "Извините, что-то пошло не так. Попробуйте, пожалуйста, чуть позже."
    ]
    assert leg.outgoing[0].seq == said[-1].seq + 1
    assert leg.outgoing[0].id == "s/2/2"
    assert leg.session.stack == []


async def test_services_are_steps_whose_answers_are_saved(talk: Any) -> None:
    from ses.services.answers import Answer, FoundEntity

    robot = """
flows:
  a:
    on: ["* принтер *"]
    steps:
      - smc: {model: teams, save: kind}
      - see: {model: office, save: things}
      - qas: {category: it, save: known}
      - say: "{{ kind.class }} {{ kind.confidence }} {{ things[0].value }} {{ known.answer }}"
"""
    chat = talk(
        robot,
        smc={"net": 0.2, "hw": 0.7},
        see=[FoundEntity("d", "принтер", "printer")],
        qas=Answer("Ответ", 0.9),
    )
    assert (await chat.say("сломался принтер вот")) == ["hw 0,7 printer Ответ"]
    assert chat.services.called[-1] == ("qas", "it", "сломался принтер вот")


async def test_after_an_on_error_save_is_none_even_if_an_earlier_call_had_filled_it(talk: Any) -> None:
    robot = """
flows:
  a:
    on: [старт]
    steps:
      - repeat:
          times: 2
          steps:
            - http: {get: "https://crm.example/", save: x}
              on_error: [{say: Сбой.}]
            - say: "{{ x or 'пусто' }}"
"""
    await talk(robot, replies=["есть", DOWN])("""
        user: старт
        bot: есть
        bot: Сбой.
        bot: пусто
    """)


async def test_two_seconds_of_computing_are_runaway_too(talk: Any) -> None:
    robot = """
variables: {i: 0}
flows: {run: {on: [беги], steps: [{repeat: {times: 600, steps: [{set: {i: {add: 1}}}]}}, {say: Всё.}]}}
events: {error: [{say: "Ошибка {{ error.kind }}."}]}
"""
    quick, slow = talk(robot), talk(robot)
    quick.processor_time = count(0.0, 0.1).__next__  # read twice every 256 steps
    assert await quick.say("беги") == ["Всё."]
    slow.processor_time = count(0.0, 0.75).__next__
    assert await slow.say("беги") == ["Ошибка runaway."]
    assert slow.session.variables["i"] < 600


async def test_a_runaway_that_catches_itself_is_stopped(talk: Any) -> None:
    robot = """
variables: {i: 0}
flows:
  run:
    on: [беги]
    steps:
      - repeat:
          while: "i >= 0"
          steps:
            - try: [{repeat: {while: "i >= 0", steps: [{set: {i: {add: 1}}}]}}]
              catch: [{set: {i: {add: 1}}}]
events: {error: [{say: "Ошибка {{ error.kind }}."}]}
"""
    assert await talk(robot).say("беги") == ["Ошибка runaway."]


async def test_a_turn_that_died_in_the_steps_of_resume_still_routes_its_message(
    talk: Any, killed: Any
) -> None:
    robot = """
session: {idle: 30m}
slots: {n: {type: number, ask: Число?}}
flows: {count: {on: [число], needs: [n], steps: [{say: "{{ n }}."}]}}
events: {resume: [{say: Минутку.}, {http: {get: "https://crm.example/", save: x}}, {say: "Снова вы, {{ x }}."}]}
"""
    chat = talk(robot, replies=["Ира"])
    await chat.say("число")
    chat.clock.advance(7200)
    inbound = chat.inbound(text="5")
    chat.ports.legs, chat.ports.die_after = [], 0
    with pytest.raises(killed):
        await chat.turn(inbound)
    chat.received.extend(chat.ports.legs[0][1])
    chat.stored = chat.ports.legs[0][0]
    assert [m.text for m in chat.ports.legs[0][1]] == ["Минутку."]
    leg = await run_turn(chat.session, [inbound], chat.programs, chat.program, chat.ports, user_variables={})
    assert [m.text for m in leg.outgoing] == ["Снова вы, Ира.", "5."]


TRIP = """
entities: {city: {see: {model: geo, entity: city}}}
slots: {town: {type: city, ask: Куда?}}
flows:
  trip: {on: ["* поехали *"], steps: [{http: {post: "https://crm.example/a"}}, {http: {post: "https://crm.example/b"}}, {call: where}]}
  where: {needs: [town], steps: [{say: "{{ town }}!"}]}
"""


@pytest.mark.parametrize("legs", [0, 1])
async def test_what_see_found_before_a_turn_died_is_not_asked_again_of_it_nor_of_the_user(
    talk: Any, killed: Any, legs: int
) -> None:
    town = FoundEntity("city", "Бердск", "Berdsk", 11, 17)
    chat = talk(TRIP, replies=[{}], see=[town])
    inbound = chat.inbound(text="поехали в бердск")
    chat.ports.die_after = legs
    with pytest.raises(killed):
        await chat.turn(inbound)
    chat.stored = chat.ports.legs[-1][0]
    assert await chat.turn(inbound) == ["Berdsk!"]
    assert chat.services.called.count(("see", "geo", "поехали в бердск")) == 1
    assert chat.session.checkpoint is None
