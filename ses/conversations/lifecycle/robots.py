"""The robots in service: the newest good version of each, and older ones while sessions rest in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import structlog
from watchfiles import awatch

from ses.clock import Clock
from ses.errors import SesError
from ses.scenario.findings.report import Finding
from ses.scenario.program.robot import Program
from ses.storage.contract import Store
from ses.storage.rows import VersionRow

log = structlog.get_logger("ses.robots")

UNUSED = 600.0
"""Seconds after which an old version that nobody talks to leaves memory."""
STEP = 250
"""Milliseconds between two looks whether files changed."""


class RobotBuild(NamedTuple):
    """What the files of a robot make, as they are now."""

    program: Program | None
    """None: it has errors."""
    findings: tuple[Finding, ...]
    archive: bytes
    """Its files packed; empty when there is no program."""


class RobotSource(Protocol):
    """Where robots come from. Its methods are slow and pure: they are called off the loop."""

    @property
    def folder(self) -> Path:
        """What is watched for edits."""
        ...

    def read(self, known: Mapping[str, str]) -> Mapping[str, RobotBuild | None]:
        """Every robot by its id; none for one whose version is that of `known` still."""
        ...

    def unpack(self, archive: bytes) -> Program | None: ...


class Robots:
    """Programs by robot and version."""

    def __init__(self, source: RobotSource, store: Store, clock: Clock) -> None:
        self._source = source
        self._store = store
        self._clock = clock
        self._newest: dict[str, Program] = {}
        self._programs: dict[str, dict[str, Program]] = {}
        self._used: dict[tuple[str, str], float] = {}
        self._findings: dict[str, tuple[Finding, ...]] = {}
        self._broken: set[str] = set()
        self._keeping: set[str] = set()
        self._reloading = asyncio.Lock()
        self._fetching = asyncio.Lock()
        self._listeners: list[Callable[[str], None]] = []

    # --- in the hot path ---------------------------------------------------------------------------------------

    def newest(self, robot: str) -> Program | None:
        return self._newest.get(robot)

    def programs(self, robot: str) -> Mapping[str, Program]:
        """Every version in memory."""
        return self._programs.get(robot, {})

    def keeps_user_values(self, program: Program) -> bool:
        """It has values that are kept by user, and that must be read before a turn."""
        return program.id in self._keeping

    async def fetch(self, robot: str, versions: Collection[str]) -> Mapping[str, Program]:
        """`programs`, after these versions were brought into memory. One that is stored nowhere stays missing."""
        programs = self._programs.setdefault(robot, {})
        now = self._clock.monotonic()
        for version in versions:
            if version not in programs:
                async with self._fetching:  # one at a time: a second turn that needs it finds it here
                    if version not in programs:
                        program = await self._unpacked(robot, version)
                        if program is not None:
                            programs[version] = program
            self._used[robot, version] = now
        return programs

    async def _unpacked(self, robot: str, version: str) -> Program | None:
        archive = await self._store.version(robot, version)
        if archive is None:
            log.warning("a version is not stored any more", robot=robot, version=version)
            return None
        return await asyncio.get_running_loop().run_in_executor(None, self._source.unpack, archive)

    # --- what is there -----------------------------------------------------------------------------------------

    def ids(self) -> list[str]:
        """Robots in service."""
        return sorted(self._newest)

    def findings(self) -> Mapping[str, Sequence[Finding]]:
        """What the last reading of each robot's files found; good ones may have warnings."""
        return self._findings

    @property
    def broken(self) -> list[str]:
        """Robots whose files have errors now: an older version serves, or none."""
        return sorted(self._broken)

    @property
    def unknown(self) -> set[str]:
        """Robots whose files have errors and of which no version serves."""
        return self._broken - self._newest.keys()

    # --- loading -----------------------------------------------------------------------------------------------

    def on_change(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the id of each robot that got a new version."""
        self._listeners.append(listener)

    async def reload(self) -> Mapping[str, Sequence[Finding]]:
        """Read all files again. A robot without errors is replaced by its new version, one with errors stays as it
        was. Returns the findings, by robot."""
        async with self._reloading:
            known = {
                robot: program.version for robot, program in self._newest.items() if robot not in self._broken
            }
            loop = asyncio.get_running_loop()
            builds = await loop.run_in_executor(None, self._source.read, known)
            for robot, build in builds.items():
                if build is not None:
                    await self._install(robot, build)
            for robot in [one for one in self._findings if one not in builds]:
                self._findings.pop(robot)
                self._broken.discard(robot)
                if robot in self._newest:
                    log.warning("the files of a robot are gone; it serves until the next start", robot=robot)
            return dict(self._findings)

    async def _install(self, robot: str, build: RobotBuild) -> None:
        self._findings[robot] = build.findings
        program = build.program
        if program is None:
            self._broken.add(robot)
            log.error(
                "a robot has errors",
                robot=robot,
                serves="the version before" if robot in self._newest else "nothing",
                findings=[_shown(one) for one in build.findings if one.severity == "error"][:20],
            )
            return
        self._broken.discard(robot)
        before = self._newest.get(robot)
        if before is not None and before.version == program.version:
            return
        await self._store.keep_version(VersionRow(robot, program.version, build.archive, self._clock.now()))
        if before is not None:
            self._used[robot, before.version] = self._clock.monotonic()
        self._newest[robot] = program
        self._programs.setdefault(robot, {})[program.version] = program
        self._note_values(program)
        log.info("a robot is in service", robot=robot, version=program.version[:12])
        for listener in self._listeners:
            listener(robot)

    def _note_values(self, program: Program) -> None:
        keep = {one.keep for one in program.variables.values()} | {one.keep for one in program.slots.values()}
        if "user" in keep:
            self._keeping.add(program.id)

    # --- in the background -------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Reload whenever a file changes; runs until cancelled."""
        if not self._source.folder.is_dir():
            log.warning("there is no folder of robots to be watched", folder=str(self._source.folder))
            return
        async for _ in awatch(self._source.folder, recursive=True, step=STEP):
            try:
                await self.reload()
            except (SesError, OSError) as error:
                log.warning("the robots could not be reloaded", reason=str(error))
            except Exception:
                log.exception("the robots could not be reloaded")

    async def sweep(self) -> None:
        """Let go of old versions: from memory when unused, from the store when no session rests in them."""
        horizon = self._clock.monotonic() - UNUSED
        for robot, programs in self._programs.items():
            newest = self._newest.get(robot)
            for version in [one for one in programs if newest is None or one != newest.version]:
                if self._used.get((robot, version), 0.0) < horizon:
                    del programs[version]
                    self._used.pop((robot, version), None)
        keep = [(robot, version) for robot, programs in self._programs.items() for version in programs]
        await self._store.drop_versions(keep)


def _shown(finding: Finding) -> str:
    return f"{finding.at.file}:{finding.at.line}:{finding.at.column} {finding.code} {finding.message}"
