"""What stands before every engine: names, admission, measures."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from doubles.llm import ScriptedEngine
from ses.clock import VirtualClock
from ses.llm.absent import NoEngine
from ses.llm.errors import BadRequest, ContextTooLong, EngineBusy, EngineDied, EngineUnavailable, UnknownModel
from ses.llm.frontend import EngineFrontend
from ses.llm.pair import EnginePair
from ses.llm.requests import CompletionRequest, EmbeddingRequest


class Notes(list):
    def generated(self, model, priority, outcome, *, waited, first_token, seconds, usage) -> None:
        self.append((model, priority, outcome, first_token is not None, usage))


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture
def frontend_to(notes):
    def make(script, concurrency=2, waiting=1):
        engine = ScriptedEngine(script)
        return engine, EngineFrontend(
            engine, concurrency=concurrency, waiting=waiting, clock=VirtualClock(0), observer=notes
        )

    return make


async def test_answers_pass_and_are_measured(frontend_to, notes, question):
    _, frontend = frontend_to(lambda request: "one two")
    assert (await frontend.chat(question(priority="conversation"))).text == "one two"
    async with aclosing(frontend.stream_chat(question())) as chunks:
        assert "".join([chunk.text async for chunk in chunks]) == "one two"
    await frontend.complete(CompletionRequest(prompt="x"))
    await frontend.embed(EmbeddingRequest(input=["x"]))
    assert notes == [
        ("test", "conversation", "ok", False, (1, 2)),
        ("test", "gateway", "ok", True, (1, 2)),
        ("test", "gateway", "ok", False, (1, 2)),
        ("test-vectors", "gateway", "ok", False, (1, 0)),
    ]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (EngineBusy("x"), "busy"),
        (EngineUnavailable("x"), "unavailable"),
        (EngineDied("x"), "died"),
        (BadRequest("x"), "bad_request"),
        (ContextTooLong(prompt_tokens=9, max_tokens=None, limit=8), "too_long"),
    ],
)
async def test_failures_pass_and_are_named(frontend_to, notes, question, error, outcome):
    _, frontend = frontend_to(lambda request: error)
    with pytest.raises(type(error)):
        await frontend.chat(question())
    with pytest.raises(type(error)):
        await anext(frontend.stream_chat(question()))
    assert [note[2] for note in notes] == [outcome, outcome]


async def test_only_models_that_are_there_may_be_named(frontend_to, question):
    _, frontend = frontend_to(lambda request: "x")
    with pytest.raises(UnknownModel, match="nope"):
        await frontend.chat(question(model="nope"))
    with pytest.raises(UnknownModel):
        await frontend.embed(EmbeddingRequest(input=["x"], model="test"))
    assert (await frontend.chat(question(model="test"))).text == "x"


async def test_when_a_stream_is_closed_the_next_request_may_run(frontend_to, notes, question):
    engine, frontend = frontend_to(lambda request: "one two three", concurrency=1)
    engine.gate.clear()
    async with aclosing(frontend.stream_chat(question())) as chunks:
        await anext(chunks)
        assert frontend.state().running == 1
    assert frontend.state().running == engine.running == 0
    assert notes[-1][2] == "cancelled"


async def test_the_queue_is_bounded(frontend_to, question):
    engine, frontend = frontend_to(lambda request: "x", concurrency=1, waiting=1)
    engine.gate.clear()
    tasks = [asyncio.create_task(frontend.chat(question())) for _ in range(2)]
    async with asyncio.timeout(30):
        while not frontend.state().waiting:
            await asyncio.sleep(0)
    assert (frontend.state().running, frontend.state().waiting) == (1, 1)
    with pytest.raises(EngineBusy):
        await frontend.chat(question())
    engine.gate.set()
    await asyncio.gather(*tasks)


async def test_without_a_model_everything_says_so(question):
    engine = NoEngine()
    assert engine.state().phase == "off"
    for call in (
        engine.chat(question()),
        engine.complete(CompletionRequest(prompt="x")),
        engine.embed(EmbeddingRequest(input=["x"])),
        engine.count_tokens(question()),
        anext(engine.stream_chat(question())),
        anext(engine.stream_complete(CompletionRequest(prompt="x"))),
    ):
        with pytest.raises(EngineUnavailable, match=r"config\.json"):
            await call


async def test_a_pair_converses_with_one_and_embeds_with_the_other(question):
    chat, vectors = ScriptedEngine(lambda request: "chat"), ScriptedEngine(lambda request: "vectors")
    pair = EnginePair(chat, vectors)
    assert (await pair.chat(question())).text == "chat"
    assert len((await pair.embed(EmbeddingRequest(input=["a", "b"]))).vectors) == 2
    assert chat.asked
    assert not vectors.asked
