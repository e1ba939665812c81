"""`ses check`: what is wrong with the scenarios, before anybody talks to them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ses import __version__
from ses.cli.options import ConfigOption, configuration
from ses.scenario.findings.formats import as_github, as_json, as_sarif, as_text
from ses.scenario.findings.report import Finding
from ses.scenario.load import Loaded, load_robot, load_robots
from ses.scenario.reading.files import is_robot

CheckFormat = Annotated[
    Literal["text", "json", "github", "sarif"],
    typer.Option("--format", help="text for people, the others for programs."),
]


def check(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="Robots, or folders of robots; else the configured ones.", show_default=False),
    ] = None,
    config: ConfigOption = None,
    format: CheckFormat = "text",
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too.")] = False,
) -> None:
    """Check robots and show every finding with its place and what to write instead.

    Ends with 1 when there are errors, with 0 when there are none or only warnings.
    """
    robots = [
        loaded for folder in folders or [configuration(config).scenarios] for loaded in _robots_at(folder)
    ]
    shown = [(_folder(loaded), finding) for loaded in robots for finding in loaded.findings]
    output = {"text": as_text, "json": as_json, "github": as_github}.get(format)
    text = output(shown) if output is not None else as_sarif(shown, __version__)
    if text:
        typer.echo(text)
    if format == "text":
        typer.echo(_summary(robots, [finding for _, finding in shown]))
    if not robots or any(finding.severity == "error" or strict for _, finding in shown):
        raise typer.Exit(1)


def _robots_at(folder: Path) -> list[Loaded]:
    """The robot at a path, or the robots below it."""
    if not folder.exists():
        raise typer.BadParameter(f"there is no {folder}")
    if is_robot(folder):
        return [load_robot(folder)]
    return list(load_robots(folder).values())


def _folder(loaded: Loaded) -> str:
    """What to print before a finding's file."""
    if loaded.path is None:
        return ""
    folder = loaded.path if loaded.path.is_dir() else loaded.path.parent
    try:
        shown = folder.absolute().relative_to(Path.cwd())
    except ValueError:
        shown = folder
    return "" if str(shown) == "." else str(shown)


def _summary(robots: list[Loaded], findings: list[Finding]) -> str:
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    names = ", ".join(loaded.name for loaded in robots) or "no robots"
    return f"{names}: {_counted(errors, 'error')}, {_counted(warnings, 'warning')}"


def _counted(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"
