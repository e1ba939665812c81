"""A file of dialogue tests becomes cases, or findings that name the place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ses.messages import Attachment
from ses.scenario.findings.report import Finding
from ses.scenario.findings.source import Source
from ses.testing.cases import (
    UNSAID,
    AnyMessages,
    Attach,
    Bot,
    Button,
    Case,
    Edit,
    Event,
    Expect,
    Pass,
    Step,
    User,
)
from ses.testing.reading import read_cases

HERE = Source("", 0, 0)


def without_place(step: Step) -> Step:
    return replace(step, at=HERE)


def read(tmp_path: Path, text: str) -> tuple[list[Case], tuple[Finding, ...]]:
    file = tmp_path / "tests" / "one.yaml"
    file.parent.mkdir()
    file.write_text(text, "utf-8")
    return read_cases([file], tmp_path)


def test_every_kind_of_line_is_read(tmp_path: Path) -> None:
    (case,), findings = read(
        tmp_path,
        """
tests:
  - name: all of them
    channel: telegram
    now: 2026-11-22T12:00
    variables: {bonus: 5, gone: null}
    dialogue:
      - user: yes
      - bot: "* right?"
        buttons: [Yes, No]
      - button: Yes
      - event: start
      - event: {name: paid, payload: {order: 7}}
      - attach: image
      - attach: {kind: file, name: a.pdf, text: here it is}
      - edit: no
      - pass: 25h
      - bot: ...
      - expect: {flow: null, variables: {total: 590}}
      - expect: {variables: {size: large}}
""",
    )
    assert findings == ()
    assert (case.channel, case.now, case.variables) == (
        "telegram",
        "2026-11-22T12:00",
        {"bonus": 5, "gone": None},
    )
    assert [without_place(step) for step in case.steps] == [
        User(HERE, "yes"),  # a text stays as it was written
        Bot(HERE, "* right?", ("Yes", "No")),
        Button(HERE, "Yes"),
        Event(HERE, "start"),
        Event(HERE, "paid", {"order": 7}),
        Attach(HERE, Attachment("image")),
        Attach(HERE, Attachment("file", name="a.pdf"), "here it is"),
        Edit(HERE, "no"),
        Pass(HERE, 25 * 3600),
        AnyMessages(HERE),
        Expect(HERE, None, {"total": 590}),
        Expect(HERE, UNSAID, {"size": "large"}),
    ]


def test_an_empty_list_of_buttons_means_that_there_are_none(tmp_path: Path) -> None:
    (case,), _ = read(tmp_path, "tests: [{name: a, dialogue: [{user: hi}, {bot: Hello, buttons: []}]}]")
    assert case.steps[1] == Bot(case.steps[1].at, "Hello", ())


@pytest.mark.parametrize(
    "line, place, code, remedy",
    [
        ("- usr: hi", (5, 9), "unknown-key", "did you mean `user`?"),
        ("- {user: hi, bot: Hello}", (5, 9), "one-key", ""),
        ("- {}", (5, 9), "one-key", ""),
        ("- pass: 25", (5, 15), "wrong-type", "25s"),
        ("- {user: hi, buttons: [A]}", (5, 20), "wrong-place", ""),
        ("- attach: photo", (5, 17), "bad-value", ""),
        ("- expect: {variables: [a]}", (5, 29), "wrong-type", ""),
        ("- expect: {flows: null}", (5, 18), "unknown-key", "did you mean `flow`?"),
    ],
)
def test_a_mistake_is_shown_where_it_stands(
    tmp_path: Path, line: str, place: tuple[int, int], code: str, remedy: str
) -> None:
    _, findings = read(tmp_path, f"tests:\n  - name: a\n    dialogue:\n      - bot: Hello\n      {line}\n")
    finding = findings[0]
    assert (finding.at.file, finding.at.line, finding.code) == ("tests/one.yaml", place[0], code)
    assert finding.at.column == place[1]
    assert remedy in finding.suggestion


def test_all_mistakes_of_a_file_are_found_at_once(tmp_path: Path) -> None:
    _, findings = read(
        tmp_path,
        """tests:
  - name: twice
    now: soon
    dialogue: [{bot: a}]
  - name: twice
    dialogue: [{user: hi}]
""",
    )
    assert [finding.code for finding in findings] == ["bad-value", "duplicate-name", "no-check"]


def test_a_broken_file_is_no_reason_to_stop_reading_others(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "a.yaml").write_text("tests: [", "utf-8")
    (folder / "b.yaml").write_text("tests: [{name: fine, dialogue: [{bot: Hi}]}]", "utf-8")
    cases, findings = read_cases([folder / "a.yaml", folder / "b.yaml"], tmp_path)
    assert [case.name for case in cases] == ["fine"]
    assert [finding.at.file for finding in findings] == ["tests/a.yaml"]


def test_mocks_of_later_kinds_are_refused_by_name(tmp_path: Path) -> None:
    _, findings = read(tmp_path, "tests: [{name: a, mock: {scripts: [Hi]}, dialogue: [{bot: Hi}]}]")
    assert [(finding.code, "scripts" in finding.message) for finding in findings] == [("later", True)]
