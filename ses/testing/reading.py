"""Files of dialogue tests, from YAML to cases. Faults become findings with their positions, all at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ses.messages import Attachment
from ses.scenario.findings.report import Finding, Report
from ses.scenario.models.scalars import Data
from ses.scenario.reading.document import read_yaml
from ses.scenario.reading.nodes import Map, plain_data
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
    Say,
    Step,
    User,
)
from ses.testing.file_models import CaseModel, StepModel, TestFile
from ses.testing.mock_reading import mocks_of

RECORDING = "recording"
"""`Attachment.media` of a recording whose address the test does not say: steps may ask SBS about it."""
_NOW = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?")


def test_files(robot: Path) -> list[Path]:
    """The files of tests of a robot, in the order of their names; none for a robot that is a single file."""
    folder = robot / "tests"
    return (
        sorted(path for path in folder.rglob("*.y*ml") if path.suffix in {".yaml", ".yml"})
        if robot.is_dir()
        else []
    )


def read_cases(files: Sequence[Path], root: Path) -> tuple[list[Case], tuple[Finding, ...]]:
    """The cases of all files; findings name files relative to `root`. Raises `OSError` for one that cannot be read."""
    report = Report()
    texts: dict[str, str] = {}
    cases: list[Case] = []
    for path in files:
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
        document = read_yaml(name, path.read_bytes(), report)
        texts[name] = document.text
        if document.root is None:
            continue
        try:
            model = TestFile.model_validate(document.root, context=report)
        except ValidationError:  # everything it found is in the report
            continue
        cases += [_case(case, report) for case in model.tests]
    _check_names(cases, report)
    return cases, report.sealed(texts)


def _check_names(cases: Sequence[Case], report: Report) -> None:
    seen: dict[str, Case] = {}
    for case in cases:
        first = seen.setdefault(case.name, case)
        if first is not case:
            report.error("duplicate-name", case.at, f"two tests are called «{case.name}»", also=first.at)


def _case(model: CaseModel, report: Report) -> Case:
    steps = [step for line in model.dialogue if (step := _step(line, report)) is not None]
    if len(steps) == len(model.dialogue) and not any(isinstance(step, Bot | Expect) for step in steps):
        report.error(
            "no-check", model.at, f"the test «{model.name}» checks nothing: it has neither `bot` nor `expect`"
        )
    now = str(model.now) if model.now is not None else None
    if now is not None and (_NOW.fullmatch(now) is None or not _is_time(now)):
        report.error(
            "bad-value", model.key_at("now"), "`now` is a time such as `2026-11-22T12:00`", length=len(now)
        )
        now = None
    return Case(
        name=str(model.name),
        at=model.at,
        steps=tuple(steps),
        mocks=mocks_of(model.mock),
        channel=model.channel,
        now=now,
        variables=_map(model.variables, "`variables`", report),
    )


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _step(line: StepModel, report: Report) -> Step | None:
    fields = StepModel.keys()
    kinds = [key for key in fields if key not in ("buttons", "spoken") and line.has(key)]
    if not kinds and any(one.code == "unknown-key" and one.at.line == line.at.line for one in report):
        return None  # a misspelt key, reported already
    if len(kinds) != 1:
        listed = ", ".join(f"`{kind}`" for kind in kinds)
        said = f"has {len(kinds)} of them: {listed}" if kinds else "has none"
        report.error(
            "one-key", line.at, f"a line of a dialogue is one of `user`, `button`, `bot` …; this one {said}"
        )
        return None
    if getattr(line, fields[kinds[0]]) is None:
        return None  # its value is at fault, reported already
    for key in ("buttons", "spoken"):
        if getattr(line, key) is not None and line.bot is None:
            report.error("wrong-place", line.key_at(key), f"`{key}` stands beside `bot`", length=len(key))
            return None
    return _made(line, report)


def _made(line: StepModel, report: Report) -> Step:
    at = line.at
    if line.user is not None:
        return User(at, str(line.user))
    if line.button is not None:
        return Button(at, str(line.button))
    if line.voice is not None:
        return Say(at, str(line.voice))
    if line.edit is not None:
        return Edit(at, str(line.edit))
    if line.passing is not None:
        return Pass(at, float(line.passing))  # type: ignore[arg-type]
    if line.event is not None:
        return Event(at, str(line.event.name), _map(line.event.payload, "`payload`", report))
    if line.attach is not None:
        return _attach(line)
    if line.expect is not None:
        flow = plain_data(line.expect.flow.node) if line.expect.flow is not None else UNSAID
        sent = line.expect.sent
        return Expect(
            at,
            flow,
            _map(line.expect.variables, "`variables`", report),
            tuple((str(one.to), str(one.text)) for one in sent) if sent is not None else None,
        )
    assert line.bot is not None
    if line.bot == "..." and line.buttons is None and line.spoken is None:
        return AnyMessages(at)
    buttons = tuple(map(str, line.buttons)) if line.buttons is not None else None
    return Bot(at, str(line.bot), buttons, line.spoken)


def _attach(line: StepModel) -> Attach:
    given = line.attach
    assert given is not None
    attachment = Attachment(
        kind=given.kind,  # type: ignore[arg-type]
        name=str(given.name or ""),
        media=str(given.media or (RECORDING if given.kind in ("voice", "audio") else "")),
        mime=str(given.mime or ""),
        size=given.size,  # type: ignore[arg-type]
        value=plain_data(given.value.node) if given.value is not None else None,
    )
    return Attach(line.at, attachment, str(given.text) if given.text is not None else None)


def _map(data: Data | None, what: str, report: Report) -> dict[str, Any]:
    if data is None:
        return {}
    if not isinstance(data.node, Map):
        report.error("wrong-type", data.at, f"{what} is a map of names and values")
        return {}
    plain: dict[str, Any] = plain_data(data.node)
    return plain
