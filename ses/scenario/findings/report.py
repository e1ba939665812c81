"""What `ses check` has to say about a robot: findings with a position, gathered all at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ses.scenario.findings.source import Source


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong (or doubtful) in a robot's files."""

    code: str
    """A stable word: `unknown-key`, `duplicate-name` …"""
    message: str
    at: Source
    severity: Literal["error", "warning"] = "error"
    suggestion: str = ""
    """What to write instead, one line; empty when there is no good guess."""
    also: Source | None = None
    """The other position concerned (the first definition of a name defined twice)."""
    length: int = 1
    """Characters to underline."""
    line: str = ""
    """The source line, filled by `Report.sealed`."""


class Report:
    """Gathers findings while a robot is read, validated and checked."""

    def __init__(self) -> None:
        self._findings: dict[tuple[str, Source, str], Finding] = {}

    def error(
        self,
        code: str,
        at: Source,
        message: str,
        *,
        suggestion: str = "",
        also: Source | None = None,
        length: int = 1,
    ) -> None:
        self.add(Finding(code, message, at, "error", suggestion, also, length))

    def warning(self, code: str, at: Source, message: str, *, suggestion: str = "", length: int = 1) -> None:
        self.add(Finding(code, message, at, "warning", suggestion, None, length))

    def add(self, finding: Finding) -> None:
        """Once per position: a node reached through two aliases is reported once."""
        self._findings.setdefault((finding.code, finding.at, finding.message), finding)

    @property
    def failed(self) -> bool:
        return any(finding.severity == "error" for finding in self)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._findings.values())

    def __len__(self) -> int:
        return len(self._findings)

    def sealed(self, texts: dict[str, str]) -> tuple[Finding, ...]:
        """The findings in the order of their positions, each with its source line; `texts` by file name."""
        lines = {name: text.split("\n") for name, text in texts.items()}
        return tuple(
            _with_line(finding, lines.get(finding.at.file, []))
            for finding in sorted(self, key=lambda one: (one.at, one.severity, one.code, one.message))
        )


def _with_line(finding: Finding, lines: list[str]) -> Finding:
    number = finding.at.line - 1
    line = lines[number].rstrip("\r") if 0 <= number < len(lines) else ""
    return Finding(
        finding.code, finding.message, finding.at, finding.severity, finding.suggestion, finding.also,
        finding.length, line[:400],
    )  # fmt: skip
