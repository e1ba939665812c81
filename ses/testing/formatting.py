"""Formatting of played tests for a person in a terminal: failures as a diff of the dialogue, then what no test reached."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from ses.scenario.findings.report import Finding
from ses.testing.coverage import KINDS, Coverage
from ses.testing.runner import Line, Played
from ses.testing.suite import Outcome

_COLOUR = {"-": "red", "+": "green", "!": "yellow"}
UNREACHED_SHOWN = 30


def show(tested: Outcome, console: Console, *, every: bool = False) -> None:
    """One robot. `every` shows the dialogues that passed, too."""
    for finding in tested.findings:
        _say(
            console,
            finding_text(finding, tested.root),
            _COLOUR["-"] if finding.severity == "error" else "yellow",
        )
    for played in tested.played:
        if not played.passed or every:
            _dialogue(played, tested.root, console)
    if tested.coverage is not None and tested.played:
        _coverage(tested.coverage, tested.root, console)
    _say(console, summary(tested), "green" if tested.passed else "bold red")


def finding_text(finding: Finding, root: Path) -> str:
    lines = [
        f"{root / finding.at.file}:{finding.at.line}:{finding.at.column} {finding.code} {finding.message}"
    ]
    if finding.line:
        lines += [f"    {finding.line}", " " * (3 + finding.at.column) + "^" * max(finding.length, 1)]
    if finding.suggestion:
        lines.append(f"    {finding.suggestion}")
    return "\n".join(lines)


def summary(tested: Outcome) -> str:
    failed = sum(not played.passed for played in tested.played)
    name = tested.robot
    if not tested.played:
        return f"{name}: {'its tests cannot be read' if tested.findings else 'no tests'}"
    seconds = sum(played.seconds for played in tested.played)
    counts = f"{len(tested.played) - failed} passed" + (f", {failed} failed" if failed else "")
    return f"{name}: {counts} in {seconds:.2f} s"


def _dialogue(played: Played, root: Path, console: Console) -> None:
    at = f"{root / played.case.at.file}:{_line_of(played)}"
    _say(console, f"{'✓' if played.passed else '✗'} {played.case.name}  {at}", "bold")
    for line in played.lines:
        _say(console, _shown(line), _COLOUR.get(line.mark))
    console.print()


def _line_of(played: Played) -> int:
    """The line of the first difference; of the test itself when it passed."""
    differing = (line.at.line for line in played.lines if line.mark != " " and line.at is not None)
    return next(differing, played.case.at.line)


def _shown(line: Line) -> str:
    indent = f"  {line.mark} {line.who + ':':<8}"
    return indent + line.text.replace("\n", "\n" + " " * len(indent))


def _coverage(coverage: Coverage, root: Path, console: Console) -> None:
    shares = {kind: coverage.share(kind) for kind in KINDS}
    told = ", ".join(f"{kind} {share.reached}/{share.total}" for kind, share in shares.items())
    _say(console, f"coverage: {told}", None)
    unreached = coverage.unreached
    for one in unreached[:UNREACHED_SHOWN]:
        _say(console, f"  not reached: {root / one.at.file}:{one.at.line} {one.what}", "yellow")
    if len(unreached) > UNREACHED_SHOWN:
        _say(console, f"  … and {len(unreached) - UNREACHED_SHOWN} more", "yellow")


def _say(console: Console, text: str, style: str | None) -> None:
    """Print as it is: no markup read, nothing wrapped, so that lines stay what programs and eyes look for."""
    console.print(Text(text, style=style or ""), soft_wrap=True)
