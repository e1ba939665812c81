"""A step that fails is logged once with its place, counted, and its trace is kept."""

import json

import pytest
import structlog

from ses.conversations.engine import ENGINE
from ses.scenario.load import load_files
from ses.scenario.reading.files import RobotFiles

ROBOT = """
id: echo
language: en
variables: {method: pickup}
flows:
  a: {on: {command: a}, steps: [{say: "{{ method|money }}"}]}
  b:
    on: {command: b}
    steps:
      - set: {method: "{{ method|money }}"}
        on_error: [{say: "Never mind."}]
  c: {on: {command: c}, needs: d}
  ok: {on: {command: ok}, steps: [{say: Fine.}]}
slots:
  d: {type: text, ask: "{{ method|money }}?"}
"""


def program():
    loaded = load_files(RobotFiles("echo", {"robot.yaml": ROBOT.encode()}))
    assert loaded.program is not None, loaded.findings
    return loaded.program


@pytest.mark.parametrize(
    "said, outcome, failed",
    [
        ("/a", "error", [("warning", "robot.yaml:6", "value")]),
        ("/b", "answered", [("info", "robot.yaml:10", "value")]),
        ("/c", "error", [("warning", "robot.yaml:12", "value")]),
        ("/ok", "answered", []),
    ],
)
async def test_is_logged_once_with_its_place_and_counted(pipeline_over, said, outcome, failed):
    async with pipeline_over(program(), engine=ENGINE) as pipeline:
        with structlog.testing.capture_logs() as logs:
            await pipeline.say(said, id="first")
            await pipeline.delivered()
        _, _, trace = await pipeline.store.answer(1, "first")
    told = [one for one in logs if one["event"] == "a step failed"]
    assert [(one["log_level"], one["line"], one["kind"]) for one in told] == failed
    assert [(one["robot"], one["trace"]) for one in told] == [("echo", "s1/1")] * len(failed)
    assert pipeline.activity.outcomes == [outcome]
    kept = json.loads(trace)["errors"] if trace else []
    assert [one["line"] for one in kept] == [line for _, line, _ in failed]
