"""From files to programs: one robot, a folder of robots, an archived version.

Pure but for reading the files: may be called in a thread or a process of its own. One bad robot does not stop
the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from ses.scenario.checks import check_forms, check_labels, check_whole
from ses.scenario.compiling.robot import build, compile_robot
from ses.scenario.findings.report import Finding, Report
from ses.scenario.findings.source import Source
from ses.scenario.models.robot import Robot, merge
from ses.scenario.program.robot import Program
from ses.scenario.reading.document import read_yaml
from ses.scenario.reading.files import RobotFiles, is_robot, read_files
from ses.scenario.reading.nodes import Map
from ses.scenario.reading.versions import pack, unpack, version_of
from ses.scenario.words.lexicon import Lexicon


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a robot's files."""

    name: str
    """Its id, or the folder's name when that cannot be told."""
    program: Program | None
    """None when any finding is an error."""
    findings: tuple[Finding, ...] = ()
    files: RobotFiles = field(default_factory=lambda: RobotFiles(""))
    path: Path | None = None

    @property
    def archive(self) -> bytes:
        """The version as bytes: what `load_archive` takes."""
        return pack(self.files)

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "error")


def load_robot(path: Path, *, lexicon: Lexicon | None = None) -> Loaded:
    """The robot in a folder or a single file. Never raises: whatever fails is a finding of this robot."""
    report = Report()
    try:
        files = read_files(path, report)
    except OSError as error:
        report.error("unreadable", Source(path.name, 1, 1), f"cannot be read: {error.strerror or error}")
        return Loaded(path.stem, None, report.sealed({}), path=path)
    try:
        loaded = load_files(files, report, lexicon=lexicon)
    except Exception as error:  # noqa: BLE001 - one robot must end neither a command nor a reload of the others
        return Loaded(path.stem, None, (*report.sealed({}), _blamed(files, path, error)), files, path)
    return Loaded(loaded.name, loaded.program, loaded.findings, files, path)


def _blamed(files: RobotFiles, path: Path, error: Exception) -> Finding:
    """A fault of this program, told as a finding of the robot it happened with."""
    what = (
        "the robot is nested too deeply"
        if isinstance(error, RecursionError)
        else f"{type(error).__name__}: {error}"
    )
    at = Source(next(iter(sorted(files.scripts)), path.name), 1, 1)
    return Finding("internal", f"SES itself failed on this robot: {what}", at, suggestion="please report it with the robot's files")  # fmt: skip


def load_archive(archive: bytes, *, lexicon: Lexicon | None = None) -> Loaded:
    """The robot of an archived version. Raises `BadArchive`."""
    return load_files(unpack(archive), Report(), lexicon=lexicon)


def load_robots(folder: Path, *, lexicon: Lexicon | None = None) -> dict[str, Loaded]:
    """Every robot below a folder, by its id. Two robots with one id: both are refused."""
    robots: dict[str, Loaded] = {}
    if not folder.is_dir():
        return robots
    for path in sorted(folder.iterdir()):
        if not is_robot(path):
            continue
        loaded = load_robot(path, lexicon=lexicon)
        other = robots.get(loaded.name)
        if other is not None:
            where = other.path.name if other.path is not None else other.name
            finding = Finding(
                "duplicate-name", f"the id `{loaded.name}` belongs to the robot in `{where}` too", Source("robot.yaml", 1, 1),
                suggestion="give one of them another `id`",
            )  # fmt: skip
            robots[loaded.name] = Loaded(
                other.name, None, (*other.findings, finding), other.files, other.path
            )
            robots[path.stem if path.stem not in robots else path.name] = Loaded(
                loaded.name, None, (*loaded.findings, finding), loaded.files, path
            )
            continue
        robots[loaded.name] = loaded
    return robots


def load_files(files: RobotFiles, report: Report | None = None, *, lexicon: Lexicon | None = None) -> Loaded:
    """The robot of files already read."""
    report = report or Report()
    documents = [read_yaml(name, raw, report) for name, raw in sorted(files.scripts.items())]
    texts = {document.name: document.text for document in documents}
    merged = merge([(document.name, document.root) for document in documents], report)
    try:
        robot = Robot.model_validate(merged, context=report)
    except ValidationError:  # every fault is in the report
        return Loaded(files.name, None, report.sealed(texts), files)
    positions = {key: value.keys_at for key, value in merged.items() if isinstance(value, Map)}
    compiled = compile_robot(robot, files, report, positions)
    check_whole(compiled, report)
    name = str(robot.id) if robot.id is not None else files.name
    program = None if report.failed else build(compiled, files, version_of(files), lexicon)
    if program is not None:
        check_forms(compiled, program.recogniser.lemmas, report)
        check_labels(compiled, program.recogniser, report)
    for table, raw in files.tables.items():
        texts[table] = raw.decode("utf-8", "replace")
    return Loaded(name, program, report.sealed(texts), files)
