"""`ses test`: plays the dialogue tests of robots."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from ses.cli.options import ConfigOption, configuration
from ses.config import Config
from ses.errors import SesError
from ses.testing import formatting, reports
from ses.testing.coverage import KINDS
from ses.testing.robots import Found, robots_at
from ses.testing.suite import Outcome, run_tests


def play_tests(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="Robots, folders of robots, or files of tests; else the configured scenarios."),
    ] = None,
    *,
    only: Annotated[str, typer.Option("--only", "-k", help="Only tests whose name holds this text.")] = "",
    every: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the dialogues that passed, too.")
    ] = False,
    cover: Annotated[
        float | None,
        typer.Option("--cover", min=0, max=100, help="Fail if fewer percent of the steps are reached."),
    ] = None,
    format: Annotated[  # the option's name
        Literal["text", "json", "junit"], typer.Option("--format", help="json or junit for programs.")
    ] = "text",
    ask_model: Annotated[
        bool,
        typer.Option(
            "--ask-model",
            help="Ask the configured language model what no mock answers, and record it in tests/model.json.",
        ),
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Play the dialogue tests of robots, without network, services or clock.

    Leaves with 1 when a robot said something else than its tests say, or a file cannot be read.
    """
    settings = configuration(config) if ask_model or not folders else None
    found = robots_at(folders or ([settings.scenarios] if settings is not None else []))
    tested = asyncio.run(_play(found, only, settings if ask_model else None))
    if not any(one.played or one.findings for one in tested):
        raise SesError(
            f"no test's name holds «{only}»" if only else "these robots have no tests (tests/*.yaml)"
        )
    if format == "text":
        console = Console(highlight=False)
        for one in tested:
            formatting.show(one, console, every=every)
    else:
        sys.stdout.write(reports.as_json(tested) if format == "json" else reports.as_junit(tested))
        sys.stdout.write("\n")
    if cover is not None and not only:
        _require(tested, cover)
    if not all(one.passed for one in tested):
        raise typer.Exit(1)


async def _play(found: list[Found], only: str, asking: Config | None) -> list[Outcome]:
    if asking is None:
        return [await run_tests(one.robot, only=only, files=one.files) for one in found]
    from ses.cli.llm import running

    async with running(asking) as model:
        return [await run_tests(one.robot, only=only, files=one.files, live=model) for one in found]


def _require(tested: list[Outcome], percent: float) -> None:
    """Raises `typer.Exit(1)` when the tests of a robot reach too little."""
    low = [
        f"{one.robot}: {KINDS[0]} {share.percent:.0f} %"
        for one in tested
        if one.coverage is not None and (share := one.coverage.share(KINDS[0])).percent < percent
    ]
    if low:
        typer.echo(f"the tests reach less than {percent:g} %: {', '.join(low)}", err=True)
        raise typer.Exit(1)
