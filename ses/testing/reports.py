"""Played tests for programs: JSON, and the XML that continuous-integration servers read (JUnit's form)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

import msgspec

from ses.testing.coverage import KINDS
from ses.testing.formatting import finding_text
from ses.testing.runner import Line, Played
from ses.testing.suite import Outcome


def as_json(all_tested: Sequence[Outcome]) -> str:
    """`{"passed", "robots": [{"robot", "passed", "findings", "tests", "coverage"}]}`."""
    report = {
        "passed": all(tested.passed for tested in all_tested),
        "robots": [_robot(tested) for tested in all_tested],
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def as_junit(all_tested: Sequence[Outcome]) -> str:
    root = ET.Element("testsuites")
    for tested in all_tested:
        suite = ET.SubElement(
            root,
            "testsuite",
            name=tested.robot,
            tests=str(len(tested.played)),
            failures=str(sum(not played.passed for played in tested.played)),
            errors=str(len(tested.findings)),
        )
        for finding in tested.findings:
            case = ET.SubElement(suite, "testcase", classname=tested.robot, name=finding.code)
            ET.SubElement(case, "error", message=finding.message).text = finding_text(finding, tested.root)
        for played in tested.played:
            case = ET.SubElement(
                suite, "testcase", classname=tested.robot, name=played.case.name, file=played.case.at.file,
                time=f"{played.seconds:.3f}",
            )  # fmt: skip
            if not played.passed:
                failure = ET.SubElement(case, "failure", message=_first_difference(played))
                failure.text = "\n".join(f"{line.mark} {line.who}: {line.text}" for line in played.lines)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _robot(tested: Outcome) -> dict[str, Any]:
    coverage = tested.coverage
    return {
        "robot": tested.robot,
        "passed": tested.passed,
        "findings": [
            {
                "code": finding.code,
                "message": finding.message,
                "severity": finding.severity,
                "file": str(tested.root / finding.at.file),
                "line": finding.at.line,
                "column": finding.at.column,
                "suggestion": finding.suggestion,
            }
            for finding in tested.findings
        ],
        "tests": [_test(played) for played in tested.played],
        "coverage": None
        if coverage is None
        else {
            **{
                kind: {"reached": share.reached, "total": share.total, "percent": round(share.percent, 1)}
                for kind in KINDS
                for share in [coverage.share(kind)]
            },
            "unreached": [
                {
                    "kind": one.kind,
                    "file": str(tested.root / one.at.file),
                    "line": one.at.line,
                    "what": one.what,
                }
                for one in coverage.unreached
            ],
        },
    }


def _test(played: Played) -> dict[str, Any]:
    return {
        "name": played.case.name,
        "file": played.case.at.file,
        "line": played.case.at.line,
        "passed": played.passed,
        "seconds": round(played.seconds, 4),
        "dialogue": [_line(line) for line in played.lines],
    }


def _line(line: Line) -> dict[str, str]:
    return {"mark": line.mark, "who": line.who, "text": line.text}


def _first_difference(played: Played) -> str:
    return next(f"{line.who}: {line.text}" for line in played.lines if line.mark != " ")
