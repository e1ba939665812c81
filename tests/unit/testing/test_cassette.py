"""What a model once said in a test is heard again without it, as long as the question is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from doubles.llm import ScriptedEngine
from ses.errors import SesError
from ses.llm.requests import ChatRequest
from ses.testing.cassette import cassette_of, key_of
from ses.testing.suite import run_tests

ROBOT = """
language: en
timezone: Europe/London
flows:
  ask:
    on: "ask *"
    steps:
      - llm: {system: %s, stream: true}
        on_error: [{say: No model.}]
"""
TESTS = """
tests:
  - {name: recorded, dialogue: [{user: ask me}, {bot: Recorded.}]}
  - {name: mocked, mock: {llm: [Mocked.]}, dialogue: [{user: ask me}, {bot: Mocked.}]}
"""


@pytest.fixture
def robot(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "robot.yaml").write_text(ROBOT % "Be brief.", "utf-8")
    (tmp_path / "tests" / "all.yaml").write_text(TESTS, "utf-8")
    return tmp_path


async def test_a_recording_answers_until_the_question_changes(robot: Path) -> None:
    assert not (await run_tests(robot)).passed, "there is no model and no recording"
    model = ScriptedEngine(lambda _: "Recorded.")
    assert (await run_tests(robot, live=model)).passed
    assert len(model.asked) == 1, "what a mock covers is not asked"
    assert (await run_tests(robot)).passed
    assert (await run_tests(robot, live=model)).passed
    assert len(model.asked) == 1, "what is recorded is not asked again"
    (robot / "robot.yaml").write_text(ROBOT % "Be kind.", "utf-8")
    assert not (await run_tests(robot)).passed
    assert (await run_tests(robot, live=model)).passed
    cassette = cassette_of(robot)
    assert cassette is not None
    (recording,) = cassette.recordings.values()
    assert recording.request.messages[0]["content"] == "Be kind.", "the old one is dropped"


async def test_a_part_of_the_tests_drops_nothing(robot: Path) -> None:
    model = ScriptedEngine(lambda _: "Recorded.")
    await run_tests(robot, live=model)
    await run_tests(robot, live=model, only="mocked")
    assert (await run_tests(robot)).passed


def test_the_model_and_its_queue_are_no_part_of_the_question() -> None:
    messages = [{"role": "user", "content": "Hi"}]
    one = ChatRequest(messages=messages, model="a", priority="conversation")
    other = ChatRequest(messages=messages, model="b")
    assert key_of(one) == key_of(other)
    assert key_of(one) != key_of(ChatRequest(messages=messages, max_tokens=5))


def test_a_file_that_is_no_cassette_is_told(robot: Path) -> None:
    (robot / "tests" / "model.json").write_text("[]", "utf-8")
    with pytest.raises(SesError, match=r"model\.json"):
        cassette_of(robot)
