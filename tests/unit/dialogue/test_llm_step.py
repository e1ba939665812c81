"""The step `llm`: what the model is told, what becomes of its answer, and how a call ends before its time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from doubles.llm import ScriptedEngine
from ses.dialogue.state.ports import HistoryMessage
from ses.llm.absent import NoEngine
from ses.llm.answers import ChatAnswer
from ses.llm.errors import ContextTooLong, EngineBusy, EngineDied, EngineError
from ses.llm.requests import ChatRequest, Choice, JsonSchema
from ses.messages import Delta

FREE = """
intents: {free: {patterns: ["спроси *"]}}
flows:
  free:
    on: {intent: free}
    steps:
      - llm: {%s}
        %s
"""


def robot(step: str, more: str = "") -> str:
    return FREE % (step, more)


def engine(talk: Any, *answers: str | ChatAnswer | EngineError) -> ScriptedEngine:
    """Gives a conversation a model that answers so, in turn."""
    left = list(answers)
    model = ScriptedEngine(lambda _: left.pop(0) if len(left) > 1 else left[0])
    talk.ports.model = model
    return model


async def test_an_answer_that_nothing_saves_is_said(talk):
    one = talk(robot("system: Будь краток."))
    model = engine(one, "  Сегодня ясно.\n")
    await one("""
        user: спроси погоду
        bot: Сегодня ясно.
    """)
    (asked,) = model.asked
    assert asked.messages == [
        {"role": "system", "content": "Будь краток."},
        {"role": "user", "content": "спроси погоду"},
    ]
    assert asked.priority == "conversation"
    assert len(one.ports.legs) == 1, "a leg is committed before the call"


async def test_an_answer_that_is_saved_is_not_said(talk):
    one = talk(robot("prompt: Столица?, save: city, max_tokens: 5") + "      - say: '{{ city }}!'\n")
    model = engine(one, "Москва")
    await one("""
        user: спроси
        bot: Москва!
    """)
    assert model.asked[0].max_tokens == 5
    assert model.asked[0].messages == [{"role": "user", "content": "Столица?"}]


async def test_earlier_messages_stand_before_the_question(talk):
    one = talk(robot("history: 3"))
    model = engine(one, "Да.")
    one.ports.spoken = [
        HistoryMessage("user", "Старое"),
        HistoryMessage("robot", "Здравствуйте."),
        HistoryMessage("robot", "Чем помочь?"),
        HistoryMessage("user", "Скажи"),
    ]
    await one.say("спроси ещё")
    assert model.asked[0].messages == [
        {"role": "assistant", "content": "Здравствуйте.\nЧем помочь?"},
        {"role": "user", "content": "Скажи\nспроси ещё"},
    ]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (EngineBusy("busy"), "llm_unavailable"),
        (EngineDied("died"), "llm_unavailable"),
        (ContextTooLong(prompt_tokens=9, max_tokens=None, limit=5), "value"),
        ("", "malformed"),
    ],
)
@pytest.mark.parametrize("stream", ["true", "false"])
async def test_a_failure_goes_to_on_error(talk, failure, kind, stream):
    one = talk(robot(f"stream: {stream}", "on_error: [{say: 'Увы: {{ error.kind }}, {{ error.service }}'}]"))
    engine(one, failure)
    assert await one.say("спроси") == [f"Увы: {kind}, llm"]


@pytest.mark.parametrize("model", [None, NoEngine()])
async def test_a_daemon_without_a_model_is_no_accident(talk, model):
    one = talk(robot("max_tokens: 5", "on_error: [{say: '{{ error.kind }}'}]"))
    one.ports.model = model
    assert await one.say("спроси") == ["llm_unavailable"]


async def test_a_late_model_is_not_waited_for(talk):
    one = talk(robot("timeout: 1ms", "on_error: [{say: '{{ error.kind }}'}]"))
    model = engine(one, "Поздно")
    model.gate.clear()
    assert await one.say("спроси") == ["timeout"]
    assert model.running == 0


# --- forms ---


async def test_json_of_a_form_is_saved(talk):
    one = talk(
        robot("json: {city: text, people: integer, kind: [a, b], days: {list: date}}, save: x")
        + ("      - say: '{{ x.city }}, {{ x.people }}'\n")
    )
    model = engine(one, '{"city": "Омск", "people": 2, "kind": "a", "days": []}')
    assert await one.say("спроси") == ["Омск, 2"]
    shape = model.asked[0].response_format
    assert isinstance(shape, JsonSchema)
    assert shape.schema["required"] == ["city", "people", "kind", "days"]
    assert shape.schema["properties"]["kind"] == {"type": "string", "enum": ["a", "b"]}
    assert shape.schema["properties"]["days"] == {
        "type": "array",
        "items": {"type": "string", "format": "date"},
    }


@pytest.mark.parametrize("answer", ["no JSON", '{"city": "Омск"'])
async def test_what_is_no_json_is_malformed(talk, answer):
    one = talk(robot("json: {city: text}, save: x", "on_error: [{say: '{{ error.kind }}'}]"))
    engine(one, answer)
    assert await one.say("спроси") == ["malformed"]


async def test_it_chooses_among_keys(talk):
    one = talk(robot("choice: [счёт, доставка], save: topic") + "      - say: '{{ topic }}'\n")
    model = engine(one, "доставка")
    assert await one.say("спроси") == ["доставка"]
    assert model.asked[0].response_format == Choice(("счёт", "доставка"))
    assert model.asked[0].messages[0]["content"].endswith("- счёт\n- доставка")


async def test_it_says_only_what_the_author_approved(talk):
    one = talk(robot("choice: {pay: Картой или наличными., wait: Полчаса.}"))
    model = engine(one, "wait", "Что угодно")
    assert await one.say("спроси") == ["Полчаса."]
    assert model.asked[0].response_format == Choice(("pay", "wait"))
    assert "- pay: Картой или наличными." in model.asked[0].messages[0]["content"]
    assert await one.say("спроси") == ["Извините, что-то пошло не так. Попробуйте, пожалуйста, чуть позже."]
    assert one.trace["errors"] == [
        {
            "kind": "malformed",
            "service": "llm",
            "message": "the model did not choose what it could choose from",
            "flow": "free",
            "step": "free.llm",
            "line": "robot.yaml:8",
        }
    ]


# --- streams ---


def pieces(deltas: list[Delta]) -> list[tuple[int, int, str]]:
    return [(one.attempt, one.at, one.text) for one in deltas]


async def test_a_text_is_shown_while_it_is_written(talk):
    one = talk(robot("stream: true"))
    engine(one, "Раз два три")
    assert await one.say("спроси") == ["Раз два три"]
    assert pieces(one.ports.shown) == [(1, 0, "Раз"), (1, 3, " два"), (1, 7, " три")]
    assert {delta.id for delta in one.ports.shown} == {one.said[-1].id}


async def test_after_a_death_in_mid_stream_the_text_begins_anew(talk, killed):
    one = talk(robot("stream: true"))

    def dying(request: ChatRequest) -> str:
        if len(one.ports.model.asked) == 1:
            one.ports.show = show_and_die
        return "Раз два"

    def show_and_die(delta: Delta) -> None:
        one.ports.shown.append(delta)
        raise killed

    one.ports.model = ScriptedEngine(dying)
    inbound = one.inbound(text="спроси")
    with pytest.raises(killed):
        await one.turn(inbound)
    one.stored, said = one.ports.legs[-1]
    assert not said
    del one.ports.show
    assert await one.turn(inbound) == ["Раз два"]
    assert pieces(one.ports.shown) == [(1, 0, "Раз"), (2, 0, "Раз"), (2, 3, " два")]
    assert {delta.id for delta in one.ports.shown} == {one.said[-1].id}


async def test_after_a_death_in_mid_stream_a_model_that_is_gone_leaves_no_half_text(talk, killed):
    one = talk(robot("stream: true", "on_error: []"))
    engine(one, "Раз два")

    def die(delta: Delta) -> None:
        one.ports.shown.append(delta)
        raise killed

    one.ports.show = die
    inbound = one.inbound(text="спроси")
    with pytest.raises(killed):
        await one.turn(inbound)
    one.stored, _ = one.ports.legs[-1]
    del one.ports.show
    one.ports.model = NoEngine()
    assert await one.turn(inbound) == []
    assert pieces(one.ports.shown) == [(1, 0, "Раз"), (3, 0, "")]


async def test_a_text_that_failed_half_way_is_retracted(talk):
    one = talk(robot("stream: true, timeout: 50ms", "on_error: [{say: Не успел.}]"))
    model = engine(one, "Раз два")
    model.gate.clear()
    assert await one.say("спроси") == ["Не успел."]
    assert pieces(one.ports.shown) == [(1, 0, "Раз"), (2, 0, "")]
    assert one.said[-1].id == one.ports.shown[0].id


# --- ended by its reader ---


async def during(one: Any, question: str, *interruptions: Any) -> list[str]:
    """Say something, and let messages come after the first word of the answer."""
    one.ports.model.gate.clear()
    turn = asyncio.ensure_future(one.say(question))
    while not one.ports.model.running:
        await asyncio.sleep(0)
    for inbound in interruptions:
        one.ports.coming.put_nowait(inbound)
    for _ in range(20):
        await asyncio.sleep(0)
    one.ports.model.gate.set()
    return await turn


async def test_cancel_ends_it_and_what_was_shown_stays(talk):
    one = talk(robot("stream: true"))
    engine(one, "Раз два три")
    stop = one.inbound(text="отмена")
    assert await during(one, "спроси", stop) == ["Раз"]
    assert one.ports.model.running == 0
    assert await one.turn(stop) == ["Хорошо, отменил."]
    assert await one.say("отмена") == ["Сейчас отменять нечего."], "it is used up"


async def test_cancel_ends_only_the_call_not_what_lies_below(talk):
    one = talk(
        robot("stream: true")
        + "  order: {on: закажу, needs: [size]}\nslots: {size: {type: number, ask: Сколько?}}\n"
    )
    engine(one, "Раз два три")
    await one.say("закажу")
    stop = one.inbound(text="стоп")
    assert await during(one, "спроси", stop) == ["Раз"]
    assert await one.turn(stop) == ["Хорошо, отменил. Сколько?"]
    assert one.session.stack


async def test_other_messages_wait(talk):
    one = talk(robot("stream: true"))
    engine(one, "Раз два три")
    assert await during(one, "спроси", one.inbound(text="и ещё")) == ["Раз два три"]


async def test_any_message_ends_it_where_the_author_says_so(talk):
    one = talk(robot("stream: true, abort: input", "on_error: [{say: '{{ error.kind }}'}]"))
    engine(one, "Раз два три")
    assert await during(one, "спроси", one.inbound(text="и ещё")) == ["Раз", "cancelled"]


# --- private values ---

PRIVATE = """
slots: {phone: {type: phone, private: true, ask: Телефон?}}
intents: {free: {patterns: ["спроси *"]}}
flows:
  free:
    on: {intent: free}
    needs: [phone]
    steps:
      - llm: {prompt: "{{ message.text }} — {{ phone }}"%s}
"""


async def test_private_values_stay_out_of_the_prompt(talk):
    one = talk(PRIVATE % "")
    model = engine(one, "Звоните на ‹phone›")
    await one.say("спроси, мой номер +79161234567")
    assert model.asked[0].messages[-1]["content"] == "спроси, мой номер ‹phone› — ‹phone›"


async def test_unless_the_step_allows_them(talk):
    one = talk(PRIVATE % ", private: allow")
    model = engine(one, "Ваш номер +79161234567")
    await one.say("спроси, мой номер +79161234567")
    assert model.asked[0].messages[-1]["content"] == "спроси, мой номер +79161234567 — +79161234567"
    assert one.said[-1].text == "Ваш номер +79161234567"
    assert one.said[-1].masked == "Ваш номер ‹phone›", "logs do not keep it"
