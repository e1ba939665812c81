"""Robots as folders of files, the way the pipeline's `Robots` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path

from ses.conversations.lifecycle.robots import RobotBuild
from ses.scenario.findings.report import Finding, Report
from ses.scenario.findings.source import Source
from ses.scenario.load import Loaded, load_archive, load_robot
from ses.scenario.program.robot import Program
from ses.scenario.reading.files import is_robot, read_files
from ses.scenario.reading.versions import version_of
from ses.scenario.words.lexicon import Lexicon, word_forms_in_child


class RobotFiles:
    """Implements `ses.conversations.lifecycle.robots.RobotSource` over `scenarios/`: a folder or a file for each robot."""

    def __init__(self, folder: Path, lexicon: Lexicon = word_forms_in_child) -> None:
        self.folder = folder
        self._lexicon = lexicon
        self._paths: dict[str, Path] = {}
        self._begun: Future[Mapping[str, RobotBuild | None]] | None = None

    def begin(self, pool: Executor) -> Future[Mapping[str, RobotBuild | None]]:
        """Begin the first reading; `read` then waits for its end."""
        self._begun = pool.submit(self._read, {})
        return self._begun

    def read(self, known: Mapping[str, str]) -> Mapping[str, RobotBuild | None]:
        """Every robot by its id; none for one whose version is known. Slow: runs off the loop."""
        begun, self._begun = self._begun, None
        return self._read(known) if begun is None else begun.result()

    def _read(self, known: Mapping[str, str]) -> Mapping[str, RobotBuild | None]:
        robots = {version: robot for robot, version in known.items()}
        builds: dict[str, RobotBuild | None] = {}
        changed: list[Path] = []
        for path in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            if is_robot(path):
                robot = robots.get(_version(path))
                if robot is None or robot in builds:
                    changed.append(path)
                else:
                    builds[robot] = None
                    self._paths[robot] = path
        # Most of the time goes into child processes that know the forms of words: two at once use two cores.
        with ThreadPoolExecutor(2, thread_name_prefix="robot") as pool:
            for loaded in pool.map(self._load, changed):
                self._add(loaded, builds)
        return builds

    def unpack(self, archive: bytes) -> Program | None:
        return load_archive(archive, lexicon=self._lexicon).program

    def path(self, robot: str) -> Path | None:
        """The folder of a robot, for its media."""
        path = self._paths.get(robot)
        return path if path is not None and path.is_dir() else None

    def _load(self, path: Path) -> Loaded:
        return load_robot(path, lexicon=self._lexicon)

    def _add(self, loaded: Loaded, builds: dict[str, RobotBuild | None]) -> None:
        assert loaded.path is not None
        if loaded.name in builds:
            taken = Finding(
                "duplicate-name",
                f"the id `{loaded.name}` belongs to the robot in `{self._paths[loaded.name].name}` too",
                Source("robot.yaml", 1, 1),
                suggestion="give one of them another `id`",
            )
            builds[loaded.path.name] = RobotBuild(None, (*loaded.findings, taken), b"")
            return
        self._paths[loaded.name] = loaded.path
        archive = loaded.archive if loaded.program is not None else b""
        builds[loaded.name] = RobotBuild(loaded.program, loaded.findings, archive)


def _version(path: Path) -> str:
    """Empty for files that cannot be read: loading them then says why."""
    try:
        return version_of(read_files(path, Report()))
    except OSError:
        return ""
