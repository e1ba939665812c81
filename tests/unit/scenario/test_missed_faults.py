"""Faults that run without an error and do something else than was meant. `▲` marks the place of the finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from ses.scenario import load
from ses.scenario.load import load_robot

from .test_bad_robots import Bad, marked

STEPS = "language: en\nflows: {a: {on: x, steps: [%s]}}\n"
FOUR = "{" + " ".join(["{a b c d}"] * 4) + "}"

PATTERNS = [
    Bad("a pattern of too many ways", f'language: en\nflows: {{a: {{on: "▲{{{FOUR} {FOUR}}}", steps: [end]}}}}\n', "bad-pattern", "fewer"),
    Bad("a form of too many ways", f'language: en\nentities: {{e: {{values: {{k: ["▲{{{FOUR} {FOUR}}}"]}}}}}}\nslots: {{s: {{type: e, ask: A?}}}}\nflows: {{a: {{on: x, needs: s}}}}\n', "bad-pattern"),
    Bad("an item of a menu of too many ways", STEPS % f'{{menu: {{say: A?, items: [{{text: B, is: "▲{{{FOUR} {FOUR}}}"}}]}}}}', "bad-pattern"),
]  # fmt: skip

FAULTS = [*PATTERNS]
CORRECT: dict[str, str] = {}


@pytest.mark.parametrize("bad", FAULTS, ids=[bad.name for bad in FAULTS])
def test_is_found_at_its_place(bad: Bad, load) -> None:
    text, line, column = marked(bad.text)
    loaded = load(text)
    found = [(one.code, one.severity, one.at.line, one.at.column, one.suggestion) for one in loaded.findings]
    matching = [one for one in found if one[:4] == (bad.code, bad.severity, line, column)]
    assert matching, f"expected {bad.code} at {line}:{column}, found {found}"
    assert bad.suggestion in matching[0][4]
    assert (loaded.program is None) == (bad.severity == "error")


@pytest.mark.parametrize("text", CORRECT.values(), ids=CORRECT)
def test_what_is_right_raises_no_alarm(text: str, load) -> None:
    assert [(one.code, one.at, one.message) for one in load(text).findings] == []


def test_whatever_fails_in_one_robot_is_a_finding_of_it(tmp_path: Path, monkeypatch) -> None:
    def fail(*given: object, **more: object) -> None:
        raise ZeroDivisionError("by design")

    (tmp_path / "robot.yaml").write_text(STEPS % "end", "utf-8")
    monkeypatch.setattr(load, "build", fail)
    loaded = load_robot(tmp_path)
    assert loaded.program is None
    assert [(one.code, one.at.file, one.at.line) for one in loaded.findings] == [
        ("internal", "robot.yaml", 1)
    ]
    assert "by design" in loaded.findings[0].message
