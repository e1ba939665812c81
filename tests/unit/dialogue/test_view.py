"""A session as `/ses/session` and scripts see it."""

from __future__ import annotations

from typing import Any

from ses.dialogue.state.view import active_flow, session_json


async def test_declared_names_are_always_there_and_private_ones_masked(talk: Any) -> None:
    chat = talk("""
variables: {visits: 2, bonus: {value: 1, keep: user}}
entities: {size: {values: {large: {label: Большая, forms: [большая]}}}}
slots:
  size: {type: size, ask: Какой?}
  phone: {type: phone, private: true, ask: Телефон?}
  name: {type: text, ask: Имя?}
flows: {a: {on: ["* хочу *"], needs: [size, phone, name], steps: [{set: {made: "{{ size }}"}}, {confirm: Да?}]}}
""")
    await chat.say("хочу большую")
    await chat.say("+7 913 000-11-22")
    seen = session_json(chat.session, chat.program, {"bonus": 5}, [{"request": {}}])
    assert seen == {
        "robot": "demo",
        "data": [{"request": {}}],
        "visits": 2,
        "bonus": 5,
        "size": "large",
        "phone": "‹phone›",
        "name": None,
    }
    assert active_flow(chat.session) == "a"
    await chat.say("Ира")
    assert session_json(chat.session, chat.program, {}, [])["made"] == "large"
    await chat.say("да")
    assert active_flow(chat.session) is None
