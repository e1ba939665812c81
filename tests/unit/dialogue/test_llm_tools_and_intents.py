"""A language model and the robot's flows: tools it calls, flows it picks, slots it fills, intents it recognises."""

from __future__ import annotations

import json
from math import log
from typing import Any

import pytest

from doubles.llm import ScriptedEngine
from ses.dialogue.llm.intents import confidence
from ses.errors import StepError
from ses.llm.answers import (
    Alternative,
    AssistantMessage,
    ChatAnswer,
    ChatChoice,
    FunctionCall,
    Logprobs,
    TokenScore,
    ToolCall,
)
from ses.llm.errors import EngineDied
from ses.llm.requests import ChatRequest, Choice, JsonSchema

TOOLS = """
intents: {free: {patterns: ["спроси *"]}}
entities: {size: {values: {small: [маленькая], large: [большая]}}}
variables: {seen: 0}
flows:
  free:
    on: {intent: free}
    steps:
      - llm: {tools: [state, price], %s}
        %s
      - say: Готово.
  state:
    callable: {about: Где заказ, args: {number: {type: integer, about: Номер}, day: {type: date, optional: true}}}
    steps:
      - set: {seen: {add: 1}}
      - http: {get: "https://shop.example/orders/{{ number }}", save: order}
      - return: {state: "{{ order.state }}", day: "{{ day }}"}
  price:
    callable: {about: Цена пиццы, args: {size: size}}
    steps: [{return: "{{ 500 if size == 'large' else 300 }}"}]
"""


def calling(*calls: tuple[str, dict[str, Any]], text: str = "") -> ChatAnswer:
    made = [
        ToolCall(FunctionCall(name, json.dumps(args)), id=f"c{number}", index=number)
        for number, (name, args) in enumerate(calls)
    ]
    return ChatAnswer(
        choices=[
            ChatChoice(message=AssistantMessage(content=text, tool_calls=made), finish_reason="tool_calls")
        ]
    )


def engine(talk: Any, *answers: Any) -> ScriptedEngine:
    left = list(answers)
    talk.ports.model = model = ScriptedEngine(lambda _: left.pop(0) if len(left) > 1 else left[0])
    return model


def results(request: ChatRequest) -> list[str]:
    return [one["content"] for one in request.messages if one["role"] == "tool"]


async def test_it_calls_flows_and_answers_with_what_they_return(talk):
    one = talk(TOOLS % ("stream: true", ""), replies=[{"state": "в пути"}])
    model = engine(
        one,
        calling(("state", {"number": 7, "day": "2026-11-23"}), ("price", {"size": "large"}), text="Сейчас"),
        "В пути, пятьсот",
    )
    assert await one.say("спроси") == ["В пути, пятьсот", "Готово."]
    first, second = model.asked
    assert first.tools is not None
    (state, price) = first.tools
    assert state["function"] == {
        "name": "state",
        "description": "Где заказ",
        "parameters": {
            "type": "object",
            "properties": {
                "number": {"type": "integer", "description": "Номер"},
                "day": {"type": "string", "description": "YYYY-MM-DD"},
            },
            "required": ["number"],
            "additionalProperties": False,
        },
    }
    assert price["function"]["parameters"]["properties"]["size"] == {
        "type": "string",
        "enum": ["small", "large"],
    }
    assert results(second) == ['{"state":"в пути","day":"2026-11-23"}', "500"]
    assert [one["role"] for one in second.messages] == ["user", "assistant", "tool", "tool"]
    assert one.session.variables["seen"] == 1
    assert not one.session.stack
    assert [(delta.attempt, delta.text) for delta in one.ports.shown[:3]] == [
        (1, "Сейчас"),
        (2, ""),
        (2, "В"),
    ]


@pytest.mark.parametrize("stream", ["true", "false"])
async def test_a_failure_of_a_tool_goes_back_to_the_model(talk, stream):
    failure = StepError("status", "no", service="http", status=404)
    one = talk(TOOLS % (f"stream: {stream}", "on_error: [{say: Сломалось}]"), replies=[failure])
    model = engine(one, calling(("state", {"number": 7})), "Такого нет")
    assert await one.say("спроси") == ["Такого нет", "Готово."]
    assert results(model.asked[1]) == ['{"error":"status","status":404}']


@pytest.mark.parametrize(
    ("name", "args", "error"),
    [
        ("state", {"number": "кот"}, "wrong or missing: number"),
        ("state", {}, "wrong or missing: number"),
        ("state", {"number": 7, "day": "никогда"}, "wrong or missing: day"),
        ("price", {"size": "huge"}, "wrong or missing: size"),
        ("free", {}, "there is no function free"),
    ],
)
async def test_what_a_flow_cannot_take_goes_back_to_the_model(talk, name, args, error):
    one = talk(TOOLS % ("max_tokens: 9", ""))
    model = engine(one, calling((name, args)), "Ладно")
    assert await one.say("спроси") == ["Ладно", "Готово."]
    assert results(model.asked[1]) == [json.dumps({"error": error}, ensure_ascii=False).replace(": ", ":", 1)]


async def test_after_five_rounds_it_has_to_answer(talk):
    one = talk(TOOLS % ("max_tokens: 9", "on_error: [{say: '{{ error.kind }}'}]"))
    model = engine(one, calling(("price", {"size": "small"})))
    assert await one.say("спроси") == ["malformed", "Готово."]
    assert [request.tool_choice for request in model.asked] == ["auto"] * 5 + ["none"]


async def test_a_death_inside_a_tool_goes_on_there(talk, killed):
    one = talk(TOOLS % ("max_tokens: 9", ""), replies=[{"state": "в пути"}])
    model = engine(one, calling(("state", {"number": 7})), "В пути")
    one.ports.die_after = 2
    inbound = one.inbound(text="спроси")
    with pytest.raises(killed):
        await one.turn(inbound)
    assert len(model.asked) == 1
    one.stored = one.ports.legs[-1][0]
    assert await one.turn(inbound) == ["В пути", "Готово."]
    assert len(model.asked) == 2, "the question was not put again, only its result told"
    assert one.session.variables["seen"] == 1


# --- flows it picks ---

ROUTE = """
intents: {free: {patterns: ["спроси *"]}}
entities: {size: {values: {small: [маленькая], large: [большая]}}}
slots:
  size: {type: size, ask: Какой размер?}
  day: {type: date, ask: Когда?}
  pin: {type: text, private: true, ask: Пин?}
flows:
  free:
    on: {intent: free}
    steps:
      - llm: {prompt: "{{ message.text }}", route: [order, bye], save: picked}
        on_error: [{say: '{{ error.kind }}'}]
      - say: Не понял.
  order: {title: Заказ, needs: [size, day, pin], steps: [{say: "{{ size }}, {{ day }}, {{ pin }}"}]}
  bye: {callable: Прощание, steps: [{say: Пока!}]}
"""


async def test_it_picks_a_flow_and_its_arguments(talk):
    one = talk(ROUTE)
    model = engine(one, '{"flow": "order", "args": {"size": "large", "day": "2026-11-23", "pin": "1"}}')
    await one("""
        user: спроси
        bot: Пин?
        user: 1234
        bot: большая, 23 ноября, 1234
    """)
    shape = model.asked[0].response_format
    assert isinstance(shape, JsonSchema)
    order, bye, none = shape.schema["anyOf"]
    assert list(order["properties"]["args"]["properties"]) == ["day", "size"], (
        "private ones are not asked for"
    )
    assert bye["properties"] == {"flow": {"const": "bye"}}
    assert none["properties"] == {"flow": {"const": "none"}}
    assert model.asked[0].messages[0]["content"].endswith("- order: Заказ\n- bye: Прощание")


async def test_values_that_are_none_are_asked(talk):
    one = talk(ROUTE)
    engine(one, '{"flow": "order", "args": {"size": "огромная", "day": null}}')
    assert await one.say("спроси") == ["Какой размер?"]


async def test_it_may_pick_none(talk):
    one = talk(ROUTE)
    engine(one, '{"flow": "none"}')
    assert await one.say("спроси") == ["Не понял."]


@pytest.mark.parametrize("answer", ['{"flow": "free"}', "[]", "order"])
async def test_it_picks_only_what_it_may(talk, answer):
    one = talk(ROUTE)
    engine(one, answer)
    assert await one.say("спроси") == ["malformed", "Не понял."]


# --- slots it fills ---

FILL = """
intents: {free: {patterns: ["спроси *"]}}
entities: {size: {values: {small: [маленькая], large: [большая]}}}
slots:
  size: {type: size, ask: Какой размер?, check: value != 'small'}
  people: {type: integer, title: Сколько человек, ask: Сколько?}
  wishes: {type: text, many: true, ask: Пожелания?}
flows:
  free:
    on: {intent: free}
    steps:
      - llm: {fill: [size, people, wishes]}
        on_error: [{say: сама}]
      - ask: [size, people, wishes]
      - say: "{{ size }} {{ people }} {{ wishes }}"
"""


async def test_it_fills_slots_by_their_schema(talk):
    one = talk(FILL)
    model = engine(one, '{"size": "large", "people": 4, "wishes": ["без лука", "у окна"]}')
    assert await one.say("спроси про большую на четверых") == ["большая 4 без лука, у окна"]
    response_format = model.asked[0].response_format
    assert isinstance(response_format, JsonSchema)
    assert response_format.schema["properties"] == {
        "size": {"anyOf": [{"type": "string", "enum": ["small", "large"]}, {"type": "null"}]},
        "people": {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "Сколько человек"},
        "wishes": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
    }


async def test_what_it_does_not_tell_or_the_robot_does_not_take_is_asked(talk):
    one = talk(FILL)
    engine(one, '{"size": "small", "people": null, "wishes": []}')
    assert await one.say("спроси") == ["Какой размер?"]
    assert "people" not in one.slots


# --- intents it recognises ---

INTENTS = """
entities: {size: {values: {small: [маленькая], large: [большая]}}}
slots: {phone: {type: phone, private: true, ask: Телефон?}, size: {type: size, ask: Размер?}}
intents:
  order: {patterns: ["* закажу *"], llm: клиент хочет поесть}
  hours: {examples: [когда вы работаете], llm: часы работы}
  unheard: {llm: ничей}
flows:
  order: {on: {intent: order}, needs: [size], steps: [{say: "{{ size }}"}]}
  hours: {on: {intent: hours}, steps: [{say: С семи.}]}
  call: {on: позвоните, needs: [phone], steps: [{say: Позвоним.}]}
events: {fallback: [{say: Не понял.}]}
"""


def told(name: str, *chances: tuple[str, float]) -> ChatAnswer:
    """An answer of one token, and what else might have stood there."""
    scores = [Alternative(token, log(chance)) for token, chance in chances]
    token = TokenScore(name, {one.token: one.logprob for one in scores}[name], top_logprobs=scores)
    message = AssistantMessage(content=name)
    return ChatAnswer(choices=[ChatChoice(message=message, logprobs=Logprobs([token]))])


async def test_a_described_intent_is_recognised_by_the_model(talk):
    one = talk(INTENTS)
    model = engine(one, told("order", ("order", 0.4), ("hours", 0.1), ("Sure", 0.5)))
    await one.say("накормите меня большая")
    (asked,) = model.asked
    assert asked.response_format == Choice(("order", "hours", "none"))
    assert (asked.logprobs, asked.temperature) == (True, 0.0)
    assert asked.messages[0]["content"].endswith(
        "- order: клиент хочет поесть\n- hours: часы работы\n- none: что-то другое"
    )
    assert one.trace["scores"] == [["order", 0.8, "llm"]], "what leads to no option does not count"
    assert [message.text for message in one.said] == ["большая"], "its slots are filled by the same words"


@pytest.mark.parametrize(
    "answer",
    [
        told("none", ("none", 0.9)),
        told("order", ("order", 0.2), ("hours", 0.5)),
        EngineDied("died"),
        "unheard",
    ],
)
async def test_what_it_is_not_sure_of_is_not_understood(talk, answer):
    one = talk(INTENTS)
    engine(one, answer)
    assert await one.say("накормите") == ["Не понял."]


async def test_it_is_not_asked_when_others_are_sure_or_the_question_took_the_words(talk):
    one = talk(INTENTS)
    model = engine(one, "none")
    await one("""
        user: закажу
        bot: Размер?
        user: большая
        bot: большая
        user: когда вы работаете
        bot: С семи.
    """)
    assert not model.asked


async def test_what_is_private_is_not_told(talk):
    one = talk(INTENTS)
    model = engine(one, "none")
    await one.say("мой номер +79161234567 вот")
    assert model.asked[0].messages[-1]["content"] == "Сообщение: мой номер ‹phone› вот\nКлюч:"
    await one.say("позвоните")
    await one.say("не помню его")
    assert len(model.asked) == 1, "what is said to a private question is not told at all"


def test_confidence_is_what_leads_to_a_name_of_what_leads_to_any():
    first = [Alternative(" ho", log(0.25)), Alternative(" o", log(0.1)), Alternative("The", log(0.25))]
    tokens = [
        TokenScore(" or", log(0.4), top_logprobs=first),
        TokenScore("der", log(0.8), top_logprobs=[Alternative("chard", log(0.2))]),
    ]
    answer = ChatAnswer(
        choices=[ChatChoice(message=AssistantMessage(content="order"), logprobs=Logprobs(tokens))]
    )
    assert confidence(answer, ("order", "hours", "none")) == pytest.approx(0.5 / 0.75)
    assert (
        confidence(ChatAnswer(choices=[ChatChoice(message=AssistantMessage(content="order"))]), ("order",))
        == 0.6
    )
