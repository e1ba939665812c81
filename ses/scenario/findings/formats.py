"""Findings for people and for programs: text with carets, JSON, GitHub annotations, SARIF."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ses.scenario.findings.report import Finding

Shown = tuple[str, Finding]
"""A path to print before the finding's own file (the robot's folder, empty for none), and the finding."""


def path_of(folder: str, finding: Finding) -> str:
    """The file as it can be opened from here."""
    return f"{folder.rstrip('/')}/{finding.at.file}" if folder else finding.at.file


def as_text(findings: Iterable[Shown]) -> str:
    """One block a finding: position, code, message; the source line with a caret; what to write instead."""
    return "\n".join("\n".join(_block(folder, finding)) for folder, finding in findings)


def _block(folder: str, finding: Finding) -> list[str]:
    at = finding.at
    lines = [
        f"{path_of(folder, finding)}:{at.line}:{at.column} {finding.severity} {finding.code} {finding.message}"
    ]
    if finding.line.strip():
        number = str(at.line)
        margin = " " * len(number)
        before = finding.line[: at.column - 1]
        indent = "".join(letter if letter == "\t" else " " for letter in before)
        underline = "^" * max(1, min(finding.length, len(finding.line) - len(before)))
        lines += [f"  {number} | {finding.line}", f"  {margin} | {indent}{underline}"]
    if finding.suggestion:
        lines.append(f"    help: {finding.suggestion.strip()}")
    return lines


def as_json(findings: Iterable[Shown]) -> str:
    """A list of objects with stable keys."""
    return json.dumps(
        [_object(folder, finding) for folder, finding in findings], ensure_ascii=False, indent=2
    )


def _object(folder: str, finding: Finding) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "file": path_of(folder, finding),
        "line": finding.at.line,
        "column": finding.at.column,
        "severity": finding.severity,
        "code": finding.code,
        "message": finding.message,
        "suggestion": finding.suggestion.strip(),
    }
    if finding.also is not None:
        shown["also"] = {"file": finding.also.file, "line": finding.also.line, "column": finding.also.column}
    return shown


def as_github(findings: Iterable[Shown]) -> str:
    """Workflow commands that become annotations of a change."""
    return "\n".join(
        f"::{finding.severity} file={_property(path_of(folder, finding))},line={finding.at.line},"
        f"col={finding.at.column},title={_property(finding.code)}::{_data(_sentence(finding))}"
        for folder, finding in findings
    )


def _sentence(finding: Finding) -> str:
    return f"{finding.message}; {finding.suggestion.strip()}" if finding.suggestion else finding.message


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def as_sarif(findings: Sequence[Shown], version: str) -> str:
    """SARIF 2.1.0, for code scanning."""
    codes = sorted({finding.code for _, finding in findings})
    return json.dumps(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {
                        "driver": {
                            "name": "ses check",
                            "version": version,
                            "rules": [{"id": code} for code in codes],
                        }
                    },
                    "results": [_result(folder, finding) for folder, finding in findings],
                }
            ],
        },
        ensure_ascii=False,
        indent=2,
    )


def _result(folder: str, finding: Finding) -> Mapping[str, Any]:
    return {
        "ruleId": finding.code,
        "level": finding.severity,
        "message": {"text": _sentence(finding)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": path_of(folder, finding)},
                    "region": {"startLine": finding.at.line, "startColumn": finding.at.column},
                }
            }
        ],
    }
