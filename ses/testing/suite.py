"""All dialogue tests of one robot: reads them, plays them, gathers what they reached."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from ses.dialogue.state.ports import Model
from ses.scenario.findings.report import Finding
from ses.scenario.load import load_robot
from ses.scenario.program.robot import Program
from ses.testing.cases import Case
from ses.testing.cassette import cassette_of
from ses.testing.coverage import Coverage
from ses.testing.reading import read_cases, test_files
from ses.testing.runner import Played, play


@dataclass(slots=True)
class Outcome:
    """What came out for one robot."""

    robot: str
    root: Path
    """The folder that the paths of findings are relative to."""
    findings: tuple[Finding, ...] = ()
    """Faults of the robot or of its test files; with an error among them nothing was played."""
    played: list[Played] = field(default_factory=list)
    coverage: Coverage | None = None

    @property
    def passed(self) -> bool:
        return not any(finding.severity == "error" for finding in self.findings) and all(
            played.passed for played in self.played
        )


async def run_tests(
    robot: Path, *, only: str = "", files: list[Path] | None = None, live: Model | None = None
) -> Outcome:
    """Play the tests of the robot at `robot` (a folder, or a single file). `only`: those whose name holds this text.

    `files`: these files instead of all below its `tests/`. `live`: a language model that is asked what neither mocks nor
    the robot's cassette answer; its answers are recorded there. Raises `SesError` for a cassette that cannot be read.
    """
    tested, program, cases = _read(robot, files)
    if program is None:
        return tested
    tested.robot = program.id
    tested.coverage = Coverage(program)
    cassette = cassette_of(robot)
    for case in cases:
        if only.casefold() not in case.name.casefold():
            continue
        began = time.perf_counter()
        tested.coverage.begin()
        played = await play(case, program, tested.coverage, cassette=cassette, live=live)
        played.seconds = time.perf_counter() - began
        tested.played.append(played)
    if live is not None and cassette is not None:
        cassette.save(only_used=not only and files is None)
    return tested


def _read(robot: Path, files: list[Path] | None) -> tuple[Outcome, Program | None, list[Case]]:
    """The robot and its tests; no program when either has errors."""
    root = robot if robot.is_dir() else robot.parent
    loaded = load_robot(robot)
    cases, faults = read_cases(test_files(robot) if files is None else files, root)
    errors = [finding for finding in loaded.findings if finding.severity == "error"]
    tested = Outcome(robot.stem if robot.is_file() else robot.name, root, (*errors, *faults))
    return tested, None if errors or faults else loaded.program, cases
