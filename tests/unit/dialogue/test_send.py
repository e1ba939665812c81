"""A step `send` brings words to another conversation: with the leg, once, and its failures can be caught."""

from __future__ import annotations

from typing import Any

import pytest

from ses.errors import StepError
from ses.scenario.load import load_files
from ses.scenario.reading.files import RobotFiles

KITCHEN = """
slots:
  size: {type: text, ask: Какой размер?}
  code: {type: text, private: true, ask: Код двери?}
flows:
  order:
    on: ["заказ"]
    needs: [size, code]
    steps:
      - send: {to: "telegram:100", connector: telegram, text: "Новый заказ: {{ size }}, код {{ code }}."}
        on_error: [{say: "Не дошло: {{ error.kind }} {{ error.status }}."}, end]
      - confirm: "{{ size }}, верно?"
      - say: Готово.
"""


async def test_the_words_go_to_another_conversation_and_nothing_is_said_here(talk: Any) -> None:
    order = talk(KITCHEN)
    await order.say("заказ")
    await order.say("большая")
    assert await order.say("4711") == ["большая, верно?"]
    (sent,) = order.leg.elsewhere.inbounds
    assert (sent.connector, sent.session, sent.external) == ("telegram", "telegram:100", True)
    assert sent.say.text == "Новый заказ: большая, код 4711."
    assert sent.say.masked == "Новый заказ: большая, код ‹code›."


async def test_who_cannot_be_reached_is_an_error_of_the_step(talk: Any) -> None:
    order = talk(KITCHEN)
    order.ports.unreachable = StepError("denied", "nobody", service="send", status=404)
    await order.say("заказ")
    await order.say("большая")
    assert await order.say("4711") == ["Не дошло: denied 404."]
    assert order.leg.elsewhere.inbounds == ()


async def test_a_correction_does_not_go_back_over_it(talk: Any) -> None:
    order = talk(
        KITCHEN.replace("{type: text, ask: Какой размер?}", "{type: size, ask: Какой размер?}").replace(
            "slots:", "entities: {size: {values: {small: [малая], large: [большая]}}}\nslots:"
        )
    )
    await order.say("заказ")
    await order.say("большая")
    await order.say("4711")
    assert await order.say("нет, малая") == ["Это уже не изменить, всё отправлено. большая, верно?"]
    assert order.leg.elsewhere.inbounds == ()


async def test_a_turn_that_died_sends_under_the_same_id(talk: Any, killed: type[Exception]) -> None:
    ids = []
    for _ in range(2):
        order = talk(KITCHEN)
        await order.say("заказ")
        await order.say("большая")
        await order.say("4711")
        ids.append(order.leg.elsewhere.inbounds[0].id)
    assert ids[0] == ids[1]

    order = talk(KITCHEN)
    await order.say("заказ")
    await order.say("большая")
    answer = order.inbound(text="4711")
    order.ports.die_after = 0
    with pytest.raises(killed):
        await order.turn(answer)
    order.stored = order.ports.legs[-1][0]
    await order.turn(answer)
    assert [one.id for one in order.leg.elsewhere.inbounds] == ids[:1]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ('{to: "1", connector: telegrm, text: a}', "unknown-channel"),
        ('{to: "1"}', "missing-key"),
        ("{text: a}", "missing-key"),
        ('{to: "{{ nobody }}", text: a}', "unknown-name"),
        ('{to: "1", text: a, chanel: telegram}', "unknown-key"),
    ],
)  # fmt: skip
def test_the_check_finds_what_is_wrong_in_it(step: str, code: str) -> None:
    robot = f"language: ru\nflows: {{a: {{on: x, steps: [{{send: {step}}}]}}}}\n"
    loaded = load_files(RobotFiles("demo", {"robot.yaml": robot.encode()}, {}))
    assert code in [finding.code for finding in loaded.errors]
