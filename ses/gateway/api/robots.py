"""`GET /ses/robots` and `POST /ses/reload`: which robots run, and what keeps an edited one from running."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from aiohttp import web

from ses.gateway.api.schemas import ReloadAnswer, ReloadBody, RobotsAnswer
from ses.gateway.http.access import Caller
from ses.gateway.http.envelope import success
from ses.gateway.http.operation import Call, Operation
from ses.scenario.findings.report import Finding
from ses.scenario.program.robot import Program


class Robots(Protocol):
    def ids(self) -> Collection[str]: ...

    def newest(self, robot: str) -> Program | None: ...

    def findings(self) -> Mapping[str, Sequence[Finding]]:
        """Of each robot's files as they are now, also of those that no good version was ever read of."""
        ...

    async def reload(self) -> Mapping[str, Sequence[Finding]]: ...


class RobotsApi:
    """`connectors` names the connectors that talk to each robot."""

    def __init__(self, robots: Robots, connectors: Mapping[str, Sequence[str]]) -> None:
        self._robots = robots
        self._connectors = connectors

    def operations(self) -> list[Operation]:
        return [
            Operation(
                method="GET",
                path="/ses/robots",
                summary="The robots that run",
                handler=self._list,
                scope="read",
                answer=RobotsAnswer,
            ),
            Operation(
                method="POST",
                path="/ses/reload",
                summary="Read all robots' files again; a bad edit never replaces the version that runs",
                handler=self._reload,
                scope="admin",
                body=ReloadBody,
                body_optional=True,
                answer=ReloadAnswer,
            ),
        ]

    async def _list(self, call: Call) -> web.Response:
        findings = self._robots.findings()
        robots = [
            self._shown(program, findings.get(robot, ()))
            for robot in sorted(self._robots.ids())
            if call.caller.sees(robot) and (program := self._robots.newest(robot)) is not None
        ]
        return success({"robots": robots})

    async def _reload(self, call: Call) -> web.Response:
        before = self._versions(call.caller)
        findings = await self._robots.reload()
        after = self._versions(call.caller)
        names = sorted(name for name in {*before, *after, *findings} if call.caller.sees(name))
        robots = [
            {
                "id": name,
                "changed": before.get(name) != after.get(name),
                "version": after.get(name),
                "findings": [finding_line(finding) for finding in findings.get(name, ())],
            }
            for name in names
        ]
        return success({"robots": robots})

    def _versions(self, caller: Caller) -> dict[str, str]:
        programs = {robot: self._robots.newest(robot) for robot in self._robots.ids() if caller.sees(robot)}
        return {robot: program.version for robot, program in programs.items() if program is not None}

    def _shown(self, program: Program, findings: Sequence[Finding]) -> dict[str, Any]:
        return {
            "id": program.id,
            "title": program.title,
            "version": program.version,
            "language": program.language,
            "languages": list(program.languages),
            "flows": sum(not name.startswith("#") for name in program.flows),
            "connectors": list(self._connectors.get(program.id, ())),
            "problems": [finding_line(finding) for finding in findings if finding.severity == "error"],
        }


def finding_line(finding: Finding) -> str:
    """`robot.yaml:3:5: message; did you mean …`."""
    where = f"{finding.at.file}:{finding.at.line}:{finding.at.column}"
    return f"{where}: {finding.message}" + (f"; {finding.suggestion}" if finding.suggestion else "")
