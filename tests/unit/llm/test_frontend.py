"""The door before every engine: names, places, measures."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from doubles.llm import ScriptedEngine
from ses.clock import VirtualClock
from ses.llm.absent import NoEngine
from ses.llm.errors import BadRequest, ContextTooLong, EngineBusy, EngineDied, EngineUnavailable, UnknownModel
from ses.llm.frontend import Door
from ses.llm.pair import EnginePair
from ses.llm.requests import CompletionRequest, EmbeddingRequest


class Notes(list):
    def generated(self, model, priority, outcome, *, waited, first_token, seconds, usage) -> None:
        self.append((model, priority, outcome, first_token is not None, usage))


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture
def door_to(notes):
    def make(script, places=2, waiting=1):
        engine = ScriptedEngine(script)
        return engine, Door(engine, places=places, waiting=waiting, clock=VirtualClock(0), observer=notes)

    return make


async def test_answers_pass_and_are_measured(door_to, notes, question):
    _, door = door_to(lambda request: "one two")
    assert (await door.chat(question(priority="conversation"))).text == "one two"
    async with aclosing(door.stream_chat(question())) as chunks:
        assert "".join([chunk.text async for chunk in chunks]) == "one two"
    await door.complete(CompletionRequest(prompt="x"))
    await door.embed(EmbeddingRequest(input=["x"]))
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
async def test_failures_pass_and_are_named(door_to, notes, question, error, outcome):
    _, door = door_to(lambda request: error)
    with pytest.raises(type(error)):
        await door.chat(question())
    with pytest.raises(type(error)):
        await anext(door.stream_chat(question()))
    assert [note[2] for note in notes] == [outcome, outcome]


async def test_only_models_that_are_there_may_be_named(door_to, question):
    _, door = door_to(lambda request: "x")
    with pytest.raises(UnknownModel, match="nope"):
        await door.chat(question(model="nope"))
    with pytest.raises(UnknownModel):
        await door.embed(EmbeddingRequest(input=["x"], model="test"))
    assert (await door.chat(question(model="test"))).text == "x"


async def test_a_stream_that_is_closed_frees_its_place(door_to, notes, question):
    engine, door = door_to(lambda request: "one two three", places=1)
    engine.gate.clear()
    async with aclosing(door.stream_chat(question())) as chunks:
        await anext(chunks)
        assert door.state().running == 1
    assert door.state().running == engine.running == 0
    assert notes[-1][2] == "cancelled"


async def test_the_room_is_bounded(door_to, question):
    engine, door = door_to(lambda request: "x", places=1, waiting=1)
    engine.gate.clear()
    tasks = [asyncio.create_task(door.chat(question())) for _ in range(2)]
    await asyncio.sleep(0.01)
    assert (door.state().running, door.state().waiting) == (1, 1)
    with pytest.raises(EngineBusy):
        await door.chat(question())
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
