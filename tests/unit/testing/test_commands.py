"""`ses test` as it is called: exit codes, formats, where it looks for robots."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from ses.cli.main import main

ROBOT = """
language: en
timezone: Europe/London
flows:
  hi:
    on: ["hi", {command: hi}]
    steps: [{say: Hello!}]
"""
GOOD = "tests: [{name: good, dialogue: [{user: hi}, {bot: Hello!}]}]"
BAD = "tests: [{name: bad, dialogue: [{user: hi}, {bot: Bye!}]}]"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls `ses test`, with two robots below `tmp_path`; gives (exit code, output, errors)."""
    for name, tests in (("good", GOOD), ("bad", BAD)):
        folder = tmp_path / name / "tests"
        folder.mkdir(parents=True)
        (tmp_path / name / "robot.yaml").write_text(ROBOT, "utf-8")
        (folder / "all.yaml").write_text(tests, "utf-8")

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        code = 0
        try:
            main(["test", *map(str, arguments)])
        except SystemExit as left:
            code = int(left.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def test_it_leaves_with_0_when_all_went_as_written(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(tmp_path / "good")
    assert code == 0
    assert "good: 1 passed" in out
    assert f"not reached: {tmp_path}/good/robot.yaml:6 command hi" in out


def test_it_leaves_with_1_when_something_differs_and_shows_it(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(tmp_path)
    assert code == 1
    assert "  - bot:    Bye!\n  + bot:    Hello!\n" in out
    assert "good: 1 passed" in out


def test_a_single_file_of_tests_is_played_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad" / "tests" / "fine.yaml").write_text(GOOD, "utf-8")
    code, out, _ = run(tmp_path / "bad" / "tests" / "fine.yaml")
    assert (code, "bad: 1 passed" in out) == (0, True)


def test_tests_are_chosen_by_name(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, "-k", "GOOD", "-v")
    assert code == 0
    assert "✓ good" in out
    code, _, errors = run(tmp_path, "-k", "nothing")
    assert (code, "no test's name holds «nothing»" in errors) == (2, True)


def test_a_floor_of_coverage_can_be_asked_for(run: Run, tmp_path: Path) -> None:
    assert run(tmp_path / "good", "--cover", "100")[0] == 0
    more = tmp_path / "good" / "more.yaml"
    more.write_text("flows: {more: {on: [more], steps: [{say: More.}]}}", "utf-8")
    code, _, errors = run(tmp_path / "good", "--cover", "100")
    assert (code, "less than 100 %: good: steps 50 %" in errors) == (1, True)


def test_a_robot_with_faults_fails_with_its_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good" / "robot.yaml").write_text("flows: {hi: {step: []}}", "utf-8")
    code, out, _ = run(tmp_path / "good")
    assert code == 1
    assert f"{tmp_path}/good/robot.yaml:1:14 unknown-key" in out


def test_what_is_not_there_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    code, _, errors = run(tmp_path / "nobody")
    assert (code, "there is no file or folder" in errors) == (2, True)
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty")[0] == 2


def test_json_tells_everything(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, "--format", "json")
    report = json.loads(out)
    bad, good = report["robots"]
    assert (code, report["passed"], bad["passed"], good["passed"]) == (1, False, False, True)
    assert bad["tests"][0]["dialogue"][1:] == [
        {"mark": "-", "who": "bot", "text": "Bye!"}, {"mark": "+", "who": "bot", "text": "Hello!"},
    ]  # fmt: skip
    assert good["coverage"]["triggers"] == {"reached": 1, "total": 2, "percent": 50.0}


def test_junit_is_what_servers_of_continuous_integration_read(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, "--format", "junit")
    suites = {suite.get("name"): suite for suite in ET.fromstring(out)}
    assert code == 1
    assert {name: suite.get("failures") for name, suite in suites.items()} == {"bad": "1", "good": "0"}
    failure = suites["bad"].find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "bot: Bye!"
