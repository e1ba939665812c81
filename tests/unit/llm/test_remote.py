"""The engine over other servers, with their faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import pytest

from ses.clock import VirtualClock
from ses.llm.errors import BadRequest, ContextTooLong, EngineBusy, EngineDied, EngineUnavailable
from ses.llm.remote import RemoteEngine
from ses.llm.requests import Choice, CompletionRequest, EmbeddingRequest, JsonSchema
from ses.llm.servers import FAILURES, LONGEST_PAUSE, PERIOD, ServerSettings


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(0)


@pytest.fixture
async def engine_of(clock):
    made = []

    async def make(*servers, wait=True, **more):
        settings = [ServerSettings(server.url, "secret") for server in servers]
        engine = RemoteEngine(settings, clock=clock, **more)
        made.append(engine)
        await engine.start()
        if wait:
            await until(lambda: not engine.state().reason)
        return engine

    yield make
    for engine in made:
        await engine.stop()


async def test_a_whole_answer(server, engine_of, question):
    engine = await engine_of(server)
    answer = await engine.chat(question(max_tokens=5, temperature=0.0, extra={"top_k": 3}))
    assert answer.text == "Hello there"
    assert answer.choices[0].message.reasoning == "hm"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (3, 2)
    assert server.asked == [
        {
            "messages": [{"role": "user", "content": "Hi"}],
            "model": "tiny",
            "max_tokens": 5,
            "temperature": 0.0,
            "n": 1,
            "top_k": 3,
        }
    ]
    assert server.keys == ["Bearer secret"]


async def test_a_stream_ends_with_its_usage(server, engine_of, question):
    engine = await engine_of(server)
    async with aclosing(engine.stream_chat(question())) as chunks:
        got = [chunk async for chunk in chunks]
    assert [chunk.text for chunk in got] == ["Hello", " there", ""]
    assert got[-1].usage.total_tokens == 5
    assert server.asked[-1]["stream_options"] == {"include_usage": True}


async def test_completions_embeddings_and_counts(server, engine_of, question):
    engine = await engine_of(server, embeddings="vectors")
    assert (await engine.complete(CompletionRequest(prompt="once"))).choices[0].text == "more"
    answer = await engine.embed(EmbeddingRequest(input=["a", "b"]))
    assert answer.vectors == [[0.0, 1.0], [1.0, 1.0]]
    assert server.asked[-1]["model"] == "vectors"
    assert await engine.count_tokens(question()) == 11


async def test_response_formats_go_as_the_protocol_and_vllm_name_them(server, engine_of, question):
    engine = await engine_of(server)
    await engine.chat(question(response_format=Choice(("yes", "no"))))
    assert server.asked[-1]["structured_outputs"] == {"choice": ["yes", "no"]}
    await engine.chat(question(response_format=JsonSchema(schema={"type": "object"}, name="x")))
    assert server.asked[-1]["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "x", "schema": {"type": "object"}, "strict": True},
    }
    await engine.chat(question(response_format=JsonSchema(schema={})))
    assert server.asked[-1]["response_format"] == {"type": "json_object"}


async def test_our_name_of_the_model_is_not_theirs(server, engine_of, question):
    engine = await engine_of(server, name="assistant")
    await engine.chat(question(model="assistant"))
    assert server.asked[-1]["model"] == "tiny"
    assert [(model.name, model.max_model_len) for model in engine.models()] == [("assistant", 512)]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("500", EngineDied),
        ("503", EngineBusy),
        ("400", BadRequest),
        ("reset", EngineDied),
        ("garbage", EngineDied),
        ("long", ContextTooLong),
    ],
)
async def test_every_fault_is_typed(server, engine_of, question, fault, error):
    engine = await engine_of(server)
    server.fault = fault
    with pytest.raises(error) as raised:
        await engine.chat(question())
    assert type(raised.value) is error
    if error is EngineBusy:
        assert raised.value.retry_after == 7
    if error is BadRequest:
        assert raised.value.attribute == "temperature"
    if error is ContextTooLong:
        assert (raised.value.limit, raised.value.prompt_tokens) == (512, 590)


@pytest.mark.parametrize("fault", ["half", "cut", "error"])
async def test_a_stream_that_breaks_off_says_so_after_its_pieces(server, engine_of, question, fault):
    engine = await engine_of(server)
    server.fault = fault
    async with aclosing(engine.stream_chat(question())) as chunks:
        assert (await anext(chunks)).text == "Hello"
        with pytest.raises(EngineDied):
            await anext(chunks)
    assert engine.state().running == 0


async def test_cancelling_leaves_the_server(server, engine_of, question):
    engine = await engine_of(server)
    server.fault = "slow"
    task = asyncio.create_task(engine.chat(question()))
    await until(lambda: server.asked)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        await server.left.wait()
    assert engine.state().running == 0


async def test_closing_a_stream_leaves_the_server(server, engine_of, question):
    engine = await engine_of(server)
    server.fault = "hang"
    async with aclosing(engine.stream_chat(question())) as chunks:
        assert (await anext(chunks)).text == "Hello"
    async with asyncio.timeout(5):
        await server.left.wait()
    assert engine.state().running == 0


async def test_the_less_busy_server_is_asked(server, second, engine_of, question):
    engine = await engine_of(server, second)
    server.fault = second.fault = "slow"
    tasks = [asyncio.create_task(engine.chat(question())) for _ in range(6)]
    await until(lambda: len(server.asked) + len(second.asked) == 6)
    assert len(server.asked) == len(second.asked) == 3
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_busy_server_passes_the_request_on(server, second, engine_of, question):
    engine = await engine_of(server, second)
    server.fault = "503"
    answers = [await engine.chat(question()) for _ in range(4)]
    assert {answer.text for answer in answers} == {"Hello there"}
    second.fault = "503"
    with pytest.raises(EngineBusy):
        await engine.chat(question())


async def test_a_server_that_goes_is_passed_over_and_taken_back(server, second, engine_of, question, clock):
    engine = await engine_of(server, second)
    await server.stop()
    for _ in range(3):
        assert (await engine.chat(question())).text == "Hello there"
    assert engine.state().phase == "ready"
    assert server.url in engine.state().reason
    await second.stop()
    for _ in range(FAILURES):
        with pytest.raises((EngineUnavailable, EngineDied)):
            await engine.chat(question())
    assert engine.state().phase == "failed"
    await server.start()
    clock.advance(LONGEST_PAUSE)
    await until(lambda: engine.state().ready)
    assert (await engine.chat(question())).text == "Hello there"


async def test_a_server_that_keeps_failing_is_left_out_until_it_answers_a_probe(
    server, second, engine_of, question, clock
):
    engine = await engine_of(server, second)
    server.fault = "500"
    failed = 0
    for _ in range(4 * FAILURES):
        try:
            await engine.chat(question())
        except EngineDied:
            failed += 1
    assert failed == FAILURES
    server.fault = ""
    clock.advance(PERIOD)
    await until(lambda: not engine.state().reason)


async def test_nobody_there_is_said_at_once(server, engine_of, question):
    await server.stop()
    engine = await engine_of(server, wait=False)
    with pytest.raises(EngineUnavailable):
        await engine.chat(question())
    await until(lambda: engine.state().phase == "failed")
    assert "secret" not in engine.state().reason


async def test_a_server_that_stays_away_is_probed_ever_less_often(server, engine_of, clock):
    await server.stop()
    await engine_of(server, wait=False)
    pauses = []
    for _ in range(4):
        await until(lambda: clock.sleepers)
        pauses.append(clock.sleepers[0] - clock.now())
        clock.advance(pauses[-1])
        await asyncio.sleep(0)
    for pause, longest in zip(pauses, (10, 20, LONGEST_PAUSE, LONGEST_PAUSE), strict=True):
        assert longest / 2 <= pause <= longest
