"""`ses check` and `ses schema` as they are called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ses.cli.main import main

BAD = "language: ru\nflows:\n  a:\n    on: x\n    steps:\n      - say: Привет, {{ nmae }}\n      - goto: b\nvariables:\n  name: {value: null, keep: user}\n"


@pytest.fixture
def robots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {"bad": BAD, "good": "language: ru\nflows: {a: {on: да, steps: [end]}}\n"}.items():
        (tmp_path / name).mkdir(mode=0o755)
        (tmp_path / name / "robot.yaml").write_text(text, encoding="utf-8")
        (tmp_path / name / "robot.yaml").chmod(0o644)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = 0
    try:
        main(arguments)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0 if leaving.code is None else 2
    return code, capsys.readouterr().out


def test_each_finding_shows_its_line_a_caret_and_what_to_write(robots: Path, capsys) -> None:
    code, output = run(capsys, "check", "bad")
    assert code == 1
    assert output == (
        "bad/robot.yaml:6:25 error unknown-name `nmae` is no slot, variable or table of this robot\n"
        "  6 |       - say: Привет, {{ nmae }}\n"
        "    |                         ^^^^\n"
        "    help: did you mean `name`?\n"
        "bad/robot.yaml:7:15 error unknown-flow there is no flow `b`\n"
        "  7 |       - goto: b\n"
        "    |               ^\n"
        "bad: 2 errors, no warnings\n"
    )


def test_a_folder_of_robots_is_checked_whole(robots: Path, capsys) -> None:
    code, output = run(capsys, "check", ".")
    assert code == 1
    assert output.endswith("bad, good: 2 errors, no warnings\n")


def test_a_good_robot_ends_with_zero(robots: Path, capsys) -> None:
    assert run(capsys, "check", "good") == (0, "good: no errors, no warnings\n")


def test_strict_lets_warnings_fail(robots: Path, capsys) -> None:
    (robots / "good" / "robot.yaml").write_text("language: ru\nflows: {a: {steps: [end]}}\n")
    assert run(capsys, "check", "good")[0] == 0
    assert run(capsys, "check", "good", "--strict")[0] == 1


def test_a_folder_that_is_not_there_is_a_wrong_call(robots: Path, capsys) -> None:
    assert run(capsys, "check", "nowhere")[0] == 2


def test_json(robots: Path, capsys) -> None:
    code, output = run(capsys, "check", "bad", "--format", "json")
    assert code == 1
    assert json.loads(output)[0] == {
        "file": "bad/robot.yaml", "line": 6, "column": 25, "severity": "error", "code": "unknown-name",
        "message": "`nmae` is no slot, variable or table of this robot", "suggestion": "did you mean `name`?",
    }  # fmt: skip


def test_github(robots: Path, capsys) -> None:
    _, output = run(capsys, "check", "bad", "--format", "github")
    assert output.splitlines()[0] == (
        "::error file=bad/robot.yaml,line=6,col=25,title=unknown-name::"
        "`nmae` is no slot, variable or table of this robot; did you mean `name`?"
    )


def test_sarif(robots: Path, capsys) -> None:
    _, output = run(capsys, "check", "bad", "--format", "sarif")
    (ran,) = json.loads(output)["runs"]
    assert [rule["id"] for rule in ran["tool"]["driver"]["rules"]] == ["unknown-flow", "unknown-name"]
    region = ran["results"][0]["locations"][0]["physicalLocation"]
    assert region["artifactLocation"]["uri"] == "bad/robot.yaml"
    assert region["region"] == {"startLine": 6, "startColumn": 25}


def test_schema_is_printed(capsys) -> None:
    code, output = run(capsys, "schema")
    assert code == 0
    assert "flows" in json.loads(output)["properties"]
