"""Other people's clients on the real model: openai-python, openai-node, compatcanary."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest

from .daemon import Daemon, metric, until_healthy

NODE = Path(__file__).parents[2] / "peers/node"
_own = NODE / "node_modules/.bin/node"
PROGRAM = str(_own) if _own.exists() else "node"
HELLO = [{"role": "user", "content": "Hello! Who are you?"}]
ORDER = {
    "type": "function",
    "function": {
        "name": "order_state",
        "description": "Tells where an order is",
        "parameters": {
            "type": "object",
            "properties": {"number": {"type": "integer"}},
            "required": ["number"],
            "additionalProperties": False,
        },
    },
}

ARGS = {
    "max_model_len": 2048,
    "tool_call_parser": "hermes",
    "override_generation_config": {"temperature": 0},  # of clients that name none
    # A small model fills JSON with blank lines until its tokens are spent.
    "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
}

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory, model):
    vectors = model.with_name("minilm")
    if not vectors.exists():
        pytest.skip("`ses model pull minilm` brings the second model")
    made = Daemon(tmp_path_factory.mktemp("ses"), model, embeddings=str(vectors), args=ARGS)
    asyncio.run(both_are_there(made))
    yield made
    made.end()


async def both_are_there(daemon: Daemon) -> None:
    async with aiohttp.ClientSession(daemon.api) as http:
        await until_healthy(http)
        async with asyncio.timeout(300):
            asked = {"input": "a"}
            while (await http.post("/v1/embeddings", json=asked)).status != 200:
                await asyncio.sleep(0.2)


@pytest.fixture
async def client(daemon):
    async with openai.AsyncOpenAI(base_url=f"{daemon.api}/v1", api_key="none", max_retries=0) as made:
        yield made


def chat(client: openai.AsyncOpenAI, messages: list[Any] = HELLO, **more: Any) -> Any:
    return client.chat.completions.create(
        model="smollm2", messages=messages, **{"temperature": 0, "max_tokens": 30, **more}
    )


async def test_whole_and_streamed_answers_are_one(client):
    whole = await chat(client)
    assert whole.choices[0].message.content.startswith("Hello! I'm")
    assert 5 < whole.usage.completion_tokens <= 30
    stream = await chat(client, stream=True, stream_options={"include_usage": True})
    chunks = [chunk async for chunk in stream]
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    assert text == whole.choices[0].message.content
    assert [one.usage is not None for one in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].usage == whole.usage
    assert len(chunks) > 10


async def test_several_answers_a_seed_and_stop_texts(client):
    hot: dict[str, Any] = {"n": 3, "temperature": 1.2, "seed": 11, "max_tokens": 8}
    first, again = await chat(client, **hot), await chat(client, **hot)
    texts = [one.message.content for one in first.choices]
    assert texts == [one.message.content for one in again.choices]
    assert len(set(texts)) > 1
    stopped = await chat(client, stop=["I'm"])
    assert stopped.choices[0].message.content == "Hello! "
    assert stopped.choices[0].finish_reason == "stop"


async def test_log_probabilities(client):
    answer = await chat(client, max_tokens=4, logprobs=True, top_logprobs=3)
    tokens = answer.choices[0].logprobs.content
    assert "".join(one.token for one in tokens) == answer.choices[0].message.content
    for one in tokens:
        assert one.logprob <= 0
        assert one.token == max(one.top_logprobs, key=lambda other: other.logprob).token


async def test_an_answer_of_a_given_form(client):
    schema = {
        "type": "object",
        "properties": {"mood": {"enum": ["good", "bad"]}, "count": {"type": "integer", "maximum": 99}},
        "required": ["mood", "count"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "state", "schema": schema, "strict": True}}
    told = json.loads((await chat(client, response_format=form, max_tokens=60)).choices[0].message.content)
    assert told["mood"] in {"good", "bad"}
    assert isinstance(told["count"], int)


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "order_state"}}])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool_that_must_be_called_is(client, choice, stream):
    asked = [{"role": "user", "content": "Where is order 734?"}]
    more = {"tools": [ORDER], "tool_choice": choice, "max_tokens": 100}
    call, reason = await called(client, asked, stream=stream, **more)
    assert call["name"] == "order_state"
    assert isinstance(json.loads(call["arguments"])["number"], int)
    assert reason == "tool_calls"


def worked(number: int, state: str) -> list[dict[str, Any]]:
    """An order that was looked up earlier in the conversation."""
    call = {"name": "order_state", "arguments": json.dumps({"number": number})}
    return [
        {"role": "user", "content": f"Where is order {number}?"},
        {"role": "assistant", "tool_calls": [{"id": f"c{number}", "type": "function", "function": call}]},
        {"role": "tool", "tool_call_id": f"c{number}", "content": json.dumps({"state": state})},
        {"role": "assistant", "content": f"Order {number} is {state}."},
    ]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool_is_called_when_the_model_sees_fit_and_its_result_is_told(client, stream):
    """A model of 135 million parameters has not learnt it; shown how, it does."""
    greeting = [
        {"role": "user", "content": "Hello!"},
        {"role": "assistant", "content": "Hello! How can I help you?"},
    ]
    before = [*greeting, *worked(12, "on its way"), *worked(3304, "delivered"), *worked(58, "paid")]
    free = {"tools": [ORDER], "tool_choice": "auto", "max_tokens": 60}
    asked = [*before, {"role": "user", "content": "Where is order 734?"}]
    call, reason = await called(client, asked, stream=stream, **free)
    assert (call["name"], json.loads(call["arguments"])) == ("order_state", {"number": 734})
    assert reason == "tool_calls"
    answer = await chat(client, [*asked, *worked(734, "delivered")[1:3]], **free)
    assert answer.choices[0].message.content == "Order 734 is delivered."
    plain = await chat(client, [*before, *HELLO], **free)
    assert plain.choices[0].message.tool_calls == []
    assert plain.choices[0].message.content


async def called(
    client: openai.AsyncOpenAI, messages: list[Any], *, stream: bool, **more: Any
) -> tuple[dict[str, str], str | None]:
    """The one call of the answer, and why it ended."""
    if not stream:
        (choice,) = (await chat(client, messages, **more)).choices
        (call,) = choice.message.tool_calls
        return {"name": call.function.name, "arguments": call.function.arguments}, choice.finish_reason
    name, arguments, reason = "", "", None
    async for chunk in await chat(client, messages, stream=True, **more):
        for choice in chunk.choices:
            reason = choice.finish_reason or reason
            for call in choice.delta.tool_calls or ():
                name, arguments = (
                    name + (call.function.name or ""),
                    arguments + (call.function.arguments or ""),
                )
    return {"name": name, "arguments": arguments}, reason


async def test_texts_and_vectors(client):
    text = await client.completions.create(model="smollm2", prompt="1, 2, 3, 4,", temperature=0, max_tokens=6)
    assert text.choices[0].text.startswith(" 5, 6")
    best = await client.completions.create(
        model="smollm2", prompt="Once", best_of=3, temperature=1, max_tokens=5
    )
    assert len(best.choices) == 1
    vectors = await client.embeddings.create(model="minilm", input=["a cat", "a kitten", "the stock market"])
    cat, kitten, market = (one.embedding for one in vectors.data)

    def likeness(one: list[float], other: list[float]) -> float:
        return sum(a * b for a, b in zip(one, other, strict=True))

    assert likeness(cat, kitten) > likeness(cat, market) + 0.3


async def test_errors_are_its_own_kinds(client):
    with pytest.raises(openai.NotFoundError, match='The model "nope" does not exist'):
        await client.chat.completions.create(model="nope", messages=HELLO)
    with pytest.raises(
        openai.BadRequestError, match=r"temperature must be in the range from 0 to 2, got 3\."
    ):
        await chat(client, temperature=3)
    whole: dict[str, Any] = {}
    for more in (whole, {"stream": True}):
        with pytest.raises(openai.BadRequestError, match="maximum context length is 2048 tokens"):
            await chat(client, [{"role": "user", "content": "word " * 3000}], **more)
        with pytest.raises(
            openai.BadRequestError, match=r"requested 20\d\d tokens \(\d+ in the messages, 2000 in"
        ):
            await chat(client, [{"role": "user", "content": "word " * 60}], max_tokens=2000, **more)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_frees_the_engine(client, daemon, stream):
    endless: dict[str, Any] = {"max_tokens": 1500, "extra_body": {"ignore_eos": True}}
    async with aiohttp.ClientSession(daemon.api) as http:
        if stream:
            answer = await chat(client, stream=True, **endless)
            await anext(aiter(answer))
            assert await running(http) == 1
            await answer.close()
        else:
            asked = asyncio.create_task(chat(client, **endless))
            while await running(http) == 0:
                await asyncio.sleep(0.01)
            asked.cancel()
        async with asyncio.timeout(10):  # the whole answer would take half a minute
            while await running(http):
                await asyncio.sleep(0.01)
        outcomes = await metric(
            http, 'ses_llm_requests_total{model="smollm2",outcome="cancelled",priority="gateway"}'
        )
        assert outcomes == (2 if stream else 1)


async def running(http: aiohttp.ClientSession) -> float:
    return await metric(http, "ses_llm_running")


async def test_openai_node(daemon):
    told = await run(PROGRAM, str(NODE / "talk.js"), f"{daemon.api}/v1", "none", "smollm2", "minilm")
    got = json.loads(told)
    assert got["models"] == ["smollm2", "minilm"]
    assert got["whole"] == got["streamed"] != ""
    assert got["usage"]["completion_tokens"] > 0
    assert (got["tool"], got["vector"]) == ("get_weather", 384)
    assert got["text"]
    assert (got["error"]["kind"], got["error"]["status"]) == ("NotFoundError", 404)


async def test_compatcanary(daemon):
    told = await run(
        PROGRAM, str(NODE / "node_modules/compatcanary/src/cli.js"), "scan",
        "--base-url", f"{daemon.api}/v1", "--model", "smollm2", "--profile", "chat", "--format", "json", "--timeout", "120",
        OPENAI_API_KEY="none",
    )  # fmt: skip
    results = {one["id"]: one for one in json.loads(told)["results"]}
    assert len(results) >= 5
    assert {name: one for name, one in results.items() if one["status"] != "pass"} == {}


async def run(*words: str, **environment: str) -> str:
    child = await asyncio.create_subprocess_exec(
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    out, err = await child.communicate()
    assert child.returncode == 0, (out + err).decode()
    return out.decode()
