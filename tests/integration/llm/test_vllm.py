"""What the contract promises, by the real model inside this process."""

from __future__ import annotations

import asyncio
import json
import math
import time
from contextlib import aclosing

import msgspec
import pytest

from ses.llm.errors import BadRequest, ContextTooLong, UnknownModel
from ses.llm.requests import ChatRequest, Choice, CompletionRequest, JsonSchema, Regex

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "enum": ["Paris", "Rome"]}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def ask(text: str = "Hello! Who are you?", **more) -> ChatRequest:
    return ChatRequest(messages=[{"role": "user", "content": text}], **more)


def endless(**more) -> ChatRequest:
    return ask(max_tokens=1500, extra={"ignore_eos": True}, **more)


async def collected(stream):
    async with aclosing(stream) as chunks:
        return [chunk async for chunk in chunks]


def test_it_answers_sensibly_and_counts(engine, loop):
    answer = loop.run(engine.chat(ask(temperature=0, max_tokens=30)))
    assert answer.text.startswith("Hello! I'm")
    assert answer.model == "smollm2"
    assert answer.usage.prompt_tokens == loop.run(engine.count_tokens(ask()))
    assert engine.models()[0].max_model_len == 2048


def test_a_stream_says_the_same_piece_by_piece(engine, loop):
    whole = loop.run(engine.chat(ask(temperature=0, max_tokens=20)))
    chunks = loop.run(collected(engine.stream_chat(ask(temperature=0, max_tokens=20))))
    assert "".join(chunk.text for chunk in chunks) == whole.text
    assert chunks[-1].usage == whole.usage or chunks[-1].usage.completion_tokens == 20
    assert len(chunks) > 10


def test_plain_streams_say_what_those_of_vllm_itself_say(engine, loop):
    plain = ask(temperature=1.0, seed=3, max_tokens=20, n=2)
    ours = loop.run(collected(engine.stream_chat(plain)))
    theirs = loop.run(collected(engine.stream_chat(msgspec.structs.replace(plain, logprobs=True))))
    assert theirs[-1].usage.prompt_tokens_details is not None
    assert ours[-1].usage == msgspec.structs.replace(
        theirs[-1].usage, prompt_tokens_details=ours[-1].usage.prompt_tokens_details
    )
    for index in (0, 1):
        assert told(ours, index) == told(theirs, index)


def told(chunks, index):
    """The role, the text and the end of one answer: how many tokens come in a piece is left to chance."""
    pieces = [piece for chunk in chunks for piece in chunk.choices if piece.index == index]
    text = "".join(piece.delta.content or "" for piece in pieces)
    return pieces[0].delta.role, text, pieces[-1].finish_reason, pieces[-1].stop_reason


def test_a_prompt_seen_before_is_warm(engine, loop):
    request = ask("word " * 200, max_tokens=1)
    loop.run(engine.chat(request))
    assert loop.run(engine.chat(request)).usage.prompt_tokens_details.cached_tokens > 100


def test_the_decoder_keeps_to_a_choice_with_its_probability(engine, loop):
    answer = loop.run(
        engine.chat(ask(response_format=Choice(("order", "complaint")), logprobs=True, top_logprobs=2))
    )
    assert answer.text in {"order", "complaint"}
    confidence = math.exp(sum(token.logprob for token in answer.choices[0].logprobs.content))
    assert 0 < confidence <= 1


def test_the_decoder_keeps_to_a_schema_and_an_expression(engine, loop):
    schema = {
        "type": "object",
        "properties": {"size": {"enum": ["small", "large"]}, "count": {"type": "integer", "maximum": 9}},
        "required": ["size", "count"],
        "additionalProperties": False,
    }
    answer = json.loads(
        loop.run(
            engine.chat(ask("Two large ones", response_format=JsonSchema(schema=schema), max_tokens=60))
        ).text
    )
    assert answer["size"] in {"small", "large"}
    assert isinstance(answer["count"], int)
    assert loop.run(engine.chat(ask(response_format=Regex(r"[0-9]{3}")))).text.isdigit()


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "weather"}}])
def test_tools_are_called_with_arguments_that_fit(engine, loop, choice):
    answer = loop.run(
        engine.chat(ask("Weather in Paris?", tools=[WEATHER], tool_choice=choice, max_tokens=100))
    )
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.name == "weather"
    assert json.loads(call.function.arguments)["city"] in {"Paris", "Rome"}


def test_several_answers_and_a_seed(engine, loop):
    answers = loop.run(engine.chat(ask(n=3, seed=5, temperature=1.5, max_tokens=8)))
    again = loop.run(engine.chat(ask(n=3, seed=5, temperature=1.5, max_tokens=8)))
    assert len(answers.choices) == 3
    assert [c.message.content for c in answers.choices] == [c.message.content for c in again.choices]


def test_stop_texts_and_completions(engine, loop):
    answer = loop.run(
        engine.complete(CompletionRequest(prompt="1, 2, 3, 4,", temperature=0, max_tokens=20, stop=("8",)))
    )
    assert "5, 6, 7," in answer.choices[0].text
    assert answer.choices[0].stop_reason == "8"
    pieces = loop.run(
        collected(
            engine.stream_complete(CompletionRequest(prompt="1, 2, 3, 4,", temperature=0, max_tokens=5))
        )
    )
    assert "".join(p.choices[0].text for p in pieces if p.choices).startswith(" 5,")
    assert pieces[-1].usage.completion_tokens == 5


def test_what_cannot_be_done_is_said_with_its_place(engine, loop):
    with pytest.raises(BadRequest) as raised:
        loop.run(engine.chat(ask(temperature=-1.0)))
    assert raised.value.attribute == "temperature"
    with pytest.raises(BadRequest):
        loop.run(engine.chat(ask(response_format=JsonSchema(schema={"type": "nonsense"}))))
    with pytest.raises(UnknownModel):
        loop.run(engine.chat(ask(model="other")))


@pytest.mark.parametrize("method", ["chat", "complete"])
def test_lengths_are_told_in_tokens(engine, loop, method):
    def request(text, **more):
        return ask(text, **more) if method == "chat" else CompletionRequest(prompt=text, **more)

    call = getattr(engine, method)
    with pytest.raises(ContextTooLong) as raised:
        loop.run(call(request("hi " * 5000, max_tokens=9)))
    assert raised.value.prompt_tokens is not None
    assert raised.value.prompt_tokens >= 5000
    assert (raised.value.max_tokens, raised.value.limit) == (None, 2048)
    for wish in (2047, 9999):
        with pytest.raises(ContextTooLong) as raised:
            loop.run(call(request("hi there", max_tokens=wish)))
        assert raised.value.max_tokens == wish
        assert raised.value.prompt_tokens is not None
        assert 1 < raised.value.prompt_tokens < 50


def test_cancelling_frees_the_place(engine, loop):
    async def cancelled() -> None:
        task = asyncio.create_task(engine.chat(endless()))
        while not engine.state().kv_use:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with aclosing(engine.stream_chat(endless())) as chunks:
            await anext(chunks)
        assert engine.state().running == 0
        while engine.state().kv_use:
            await engine.chat(ask(max_tokens=1))

    loop.run(cancelled())


def test_more_than_there_is_room_for_waits_and_a_person_goes_first(engine, loop):
    async def crowd() -> list[str]:
        order: list[str] = []

        async def one(name: str, priority: str) -> None:
            await engine.chat(ask(max_tokens=4, extra={"ignore_eos": True}, priority=priority))
            order.append(name)

        tasks = [asyncio.create_task(one("batch", "batch")) for _ in range(40)]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(one("person", "conversation")))
        await asyncio.gather(*tasks)
        return order

    assert loop.run(crowd()).index("person") < 35


def test_the_loop_is_not_held_up_while_it_serves(engine, loop):
    """The budget is a tenth of the watchdog's patience; a model that computed in this process would miss it."""

    async def lag() -> float:
        worst = 0.0
        tasks = [
            asyncio.create_task(engine.chat(ask(max_tokens=48, extra={"ignore_eos": True}))) for _ in range(8)
        ]
        while not all(task.done() for task in tasks):
            began = time.monotonic()
            await asyncio.sleep(0.005)
            worst = max(worst, time.monotonic() - began)
        return worst

    assert loop.run(lag()) < 1


@pytest.mark.parametrize(
    ("args", "told"),
    [({"no_such_argument": 1}, "no-such-argument"), ({"max_model_len": 10**9}, "max_model_len")],
)
def test_wrong_arguments_are_told_at_the_start(engine, model, loop, args, told):
    from ses.llm.errors import EngineError
    from ses.llm.vllm.loading import start_core
    from ses.llm.vllm.settings import VllmSettings

    with pytest.raises(EngineError, match=told):
        loop.run(start_core(VllmSettings(model=str(model), name="x", args=args)))
