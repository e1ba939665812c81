"""Whole conversations with robots that are harder than the demo robots: how people behave, as dialogue tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from ses.scenario.load import load_robot
from ses.testing.suite import run_tests

ROBOTS = sorted(path for path in (Path(__file__).parent / "dialogues").iterdir() if path.is_dir())


@pytest.mark.parametrize("robot", ROBOTS, ids=lambda path: path.name)
async def test_the_conversations_go_as_written(robot: Path) -> None:
    assert load_robot(robot).findings == ()
    tested = await run_tests(robot)
    assert tested.findings == ()
    differing = {
        played.case.name: [(line.mark, line.text) for line in played.lines if line.mark != " "]
        for played in tested.played
        if not played.passed
    }
    assert differing == {}
