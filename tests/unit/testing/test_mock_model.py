"""A mock of the language model gives its answers in turn, or to the prompts it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ses.clock import VirtualClock
from ses.dialogue.llm.intents import confidence
from ses.errors import StepError
from ses.llm.errors import EngineUnavailable
from ses.llm.requests import ChatRequest
from ses.testing.mock_model import MockModel
from ses.testing.reading import read_cases


def model(tmp_path: Path, mock: str) -> MockModel:
    file = tmp_path / "mock.yaml"
    file.write_text(f"tests: [{{name: a, mock: {{llm: {mock}}}, dialogue: [{{bot: Hi}}]}}]", "utf-8")
    (case,), findings = read_cases([file], tmp_path)
    assert findings == ()
    return MockModel(case.mocks, VirtualClock(1000.0))


def asking(prompt: str) -> ChatRequest:
    return ChatRequest(
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": prompt}]
    )


async def test_answers_come_in_turn_and_the_last_repeats(tmp_path: Path) -> None:
    mock = model(tmp_path, "[One., Two.]")
    assert [(await mock.chat(asking("?"))).text for _ in range(3)] == ["One.", "Two.", "Two."]


async def test_a_prompt_may_have_its_own_answer(tmp_path: Path) -> None:
    mock = model(tmp_path, '[Anything., {text: "* weather *", answer: Rain.}]')
    assert (await mock.chat(asking("what weather is it"))).text == "Rain."
    assert (await mock.chat(asking("who are you"))).text == "Anything."


async def test_data_is_written_as_json(tmp_path: Path) -> None:
    mock = model(tmp_path, "{answer: {people: 2, names: [Ann]}}")
    assert (await mock.chat(asking("?"))).text == '{"people":2,"names":["Ann"]}'


async def test_a_stream_says_the_same(tmp_path: Path) -> None:
    mock = model(tmp_path, "One.")
    assert [chunk.text async for chunk in mock.stream_chat(asking("?"))] == ["One."]


async def test_it_fails_as_told(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="timeout"):
        await model(tmp_path, "{error: timeout}").chat(asking("?"))
    for mock in ("{status: 503}", "{error: connect}"):
        with pytest.raises(EngineUnavailable):
            await model(tmp_path, mock).chat(asking("?"))


async def test_a_call_that_nothing_covers_is_named(tmp_path: Path) -> None:
    mock = model(tmp_path, '{text: "* weather *", answer: Rain.}')
    with pytest.raises(EngineUnavailable):
        await mock.chat(asking("who are you"))
    assert mock.uncovered == ["llm who are you"]


async def test_it_calls_a_flow_or_recognises_an_intent_where_told(tmp_path: Path) -> None:
    mock = model(
        tmp_path, "[{call: {state: {number: 7}}}, Done., {intent: order, confidence: 0.9, text: feed me}]"
    )
    calls = (await mock.chat(asking("?"))).choices[0].message.tool_calls
    assert calls is not None
    (call,) = calls
    assert (call.function.name, call.function.arguments) == ("state", '{"number":7}')
    assert (await mock.chat(asking("?"))).text == "Done."
    intent = asking("Message: feed me\nKey:")
    intent.logprobs = True
    answer = await mock.chat(intent)
    assert answer.text == "order"
    assert confidence(answer, ("order", "none")) == pytest.approx(0.9)
