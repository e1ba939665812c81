"""openai-python, openai-node and compatcanary against `/v1`."""

import asyncio
import json
import os
from pathlib import Path

import openai
import pytest

NODE = Path(__file__).parent / "node"
_own = NODE / "node_modules/.bin/node"
PROGRAM = str(_own) if _own.exists() else "node"
"""Where the system's node is too old, a newer one lies beside the packages."""
WEATHER = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture
async def client(gateway):
    async with openai.AsyncOpenAI(base_url=gateway.url, api_key=gateway.token, max_retries=0) as client:
        yield client


class TestOpenaiPython:
    async def test_whole_and_streamed_answers(self, client, gateway):
        whole = await client.chat.completions.create(model="test", messages=HELLO)
        assert whole.choices[0].message.content == gateway.answer
        assert whole.usage.total_tokens > 0
        stream = await client.chat.completions.create(
            model="test", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == gateway.answer
        assert [chunk.usage is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]

    async def test_its_own_gathering_of_a_stream(self, client, gateway):
        async with client.chat.completions.stream(model="test", messages=HELLO) as stream:
            final = await stream.get_final_completion()
        assert final.choices[0].message.content == gateway.answer

    async def test_tools_completions_embeddings_models(self, client, gateway):
        called = await client.chat.completions.create(
            model="test", messages=HELLO, tools=WEATHER, tool_choice="required"
        )
        assert called.choices[0].finish_reason == "tool_calls"
        assert called.choices[0].message.tool_calls[0].function.name == "get_weather"
        text = await client.completions.create(model="test", prompt="Hello")
        assert text.choices[0].text == gateway.answer
        vectors = await client.embeddings.create(model="test-vectors", input=["a", "b"])
        assert [len(one.embedding) for one in vectors.data] == [8, 8]
        assert [model.id async for model in client.models.list()] == ["test", "test-vectors"]

    async def test_errors_are_its_own_kinds_with_our_words(self, client, gateway):
        with pytest.raises(openai.NotFoundError, match='The model "nope" does not exist'):
            await client.chat.completions.create(model="nope", messages=HELLO)
        with pytest.raises(openai.BadRequestError, match=r"n must be in the range from 1 to 10, got 23\."):
            await client.chat.completions.create(model="test", messages=HELLO, n=23)
        with pytest.raises(openai.AuthenticationError, match="Wrong token"):
            await client.with_options(api_key="wrong").models.list()

    async def test_a_stream_that_is_closed_frees_the_engine(self, client, gateway):
        gateway.engine.gate.clear()
        stream = await client.chat.completions.create(model="test", messages=HELLO, stream=True)
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        assert gateway.engine.running == 1
        await stream.close()
        async with asyncio.timeout(20):
            while gateway.engine.running:
                await asyncio.sleep(0.01)


async def test_openai_node(gateway, run):
    words = (PROGRAM, str(NODE / "talk.js"), gateway.url, gateway.token, "test", "test-vectors")
    got = json.loads(await run(*words, **os.environ))
    assert got.pop("usage")["completion_tokens"] > 0
    assert "does not exist" in got["error"].pop("message")
    assert got == {
        "models": ["test", "test-vectors"],
        "whole": gateway.answer,
        "streamed": gateway.answer,
        "tool": "get_weather",
        "text": gateway.answer,
        "vector": 8,
        "error": {"kind": "NotFoundError", "status": 404},
    }


async def test_compatcanary_finds_nothing(gateway, run):
    told = await run(
        PROGRAM, str(NODE / "node_modules/compatcanary/src/cli.js"), "scan",
        "--base-url", gateway.url, "--model", "test", "--profile", "chat", "--format", "json",
        **{**os.environ, "OPENAI_API_KEY": gateway.token},
    )  # fmt: skip
    report = json.loads(told)
    results = {one["id"]: one["status"] for one in report["results"]}
    assert len(results) >= 5
    assert set(results.values()) == {"pass"}
