"""Undo: an activity goes on after another changed its slots, and an edited message is undone with all it did."""

from __future__ import annotations

from typing import Any

ORDER = """
entities:
  way: {values: {courier: {label: Доставка, forms: [доставка]}, pickup: {label: Самовывоз, forms: [самовывоз]}}}
  size: {values: {small: [маленькая], large: [большая]}}
slots:
  size: {type: size, ask: Размер?}
  way: {type: way, ask: Как?, on_correct: []}
  address: {type: person, ask: "Кому, {{ way }}?", retries: 1}
flows:
  order:
    on: [{command: order}]
    needs: [size, way, address]
    steps:
      - confirm: "{{ size + ', ' + way + ', ' + address }}?"
      - say: Готово.
  again:
    on: [{command: again}]
    steps: [{goto: order}]
"""


async def test_a_slot_belongs_to_the_first_that_asked_it(talk: Any) -> None:
    """A second order over the first corrects the way, then fails: the first asks for what it lost, and keeps the rest."""
    chat = talk(ORDER)
    for words in ("/order", "большая", "самовывоз", "Иван Петров"):
        await chat.say(words)
    assert chat.said[-1].text == "большая, Самовывоз, Иван Петров?"
    await chat.say("/again")
    await chat.say("нет, доставка")
    assert "Кому, Доставка?" in chat.said[-1].text
    await chat.say("…")
    texts = [one.text for one in chat.said]
    assert texts[-1].endswith("Кому, Доставка?"), texts
    assert chat.slots["way"] == "courier"
    await chat.say("Пётр Иванов")
    assert chat.said[-1].text == "большая, Доставка, Пётр Иванов?"


async def test_no_return_to_a_question_that_cannot_be_put(talk: Any) -> None:
    chat = talk("""
        variables: {facts: {value: {a: 1}}, name: none}
        flows:
          first: {on: [первый], steps: [{confirm: "{{ facts.a + name }}?"}]}
          ask: {on: [второй], steps: [{set: {name: 1}}, {goto: first}]}
          break: {on: [сломай], steps: [{set: {name: "x"}}, {say: Ломаю.}]}
    """)
    await chat.say("второй")
    assert [one.text for one in chat.said] == ["2?"]
    await chat.say("сломай")
    assert not any("ернёмся" in one.text for one in chat.said), [one.text for one in chat.said]


async def test_an_edit_undoes_what_is_kept_by_user(talk: Any) -> None:
    chat = talk("""
        variables: {visits: {value: 0, keep: user}, name: {value: "", keep: user}}
        flows:
          count: {on: [считай], steps: [{set: {visits: {add: 1}, name: Иван}}, {set: {visits: {add: 2}}}, {say: "{{ visits }}"}]}
          other: {on: [другое], steps: [{say: "{{ visits }} {{ name }}"}]}
    """)
    await chat.say("считай")
    assert chat.ports.user == {"visits": 3, "name": "Иван"}
    await chat.say("считай")
    assert chat.said[-1].text == "6"
    await chat.say("другое", edit_of="m2")
    assert chat.said[-1].text == "3 Иван"
    assert chat.ports.user == {"visits": 3, "name": "Иван"}
