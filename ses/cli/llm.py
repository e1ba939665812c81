"""`ses llm`: what another language model would say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ses.cli.options import ConfigOption, configuration
from ses.config import Config
from ses.errors import SesError

if TYPE_CHECKING:
    from ses.llm.contract import Engine

llm = typer.Typer(help="What another language model would say.", no_args_is_help=True)

PATIENCE = 600.0
"""Seconds a model may take to load."""
LOOK = 0.2


@llm.callback()
def _group() -> None:
    """What another language model would say."""


@llm.command("diff")
def diff(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Robots; else the configured scenarios.")
    ] = None,
    *,
    model: Annotated[
        str, typer.Option("--model", help="A model of the configured engine; else its first.")
    ] = "",
    config: ConfigOption = None,
) -> None:
    """Ask a model what the robots' recordings asked, and show where it answers otherwise.

    The recordings are those of `ses test --ask-model`. Leaves with 1 when any answer differs.
    """
    settings = configuration(config)
    if not asyncio.run(_compare(folders or [settings.scenarios], model, settings)):
        raise typer.Exit(1)


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Engine]:
    """The configured model, ready. Raises `SesError` when there is none, or it cannot start."""
    from ses.clock import SystemClock
    from ses.daemon.language_model import engine
    from ses.gateway.ops.metrics import Metrics

    if config.llm is None:
        raise SesError("no language model is configured: see `llm` in config.json")
    clock = SystemClock()
    model = engine(config, clock, Metrics())
    await model.start()
    try:
        until = clock.monotonic() + PATIENCE
        while not (state := model.state()).ready:
            if state.phase == "failed" or clock.monotonic() > until:
                raise SesError(f"the language model does not start: {state.reason}")
            await clock.sleep(LOOK)
        yield model
    finally:
        await model.stop()


async def _compare(folders: list[Path], name: str, config: Config) -> bool:
    from ses.testing.cassette import cassette_of
    from ses.testing.robots import robots_at

    console = Console(highlight=False)
    cassettes = [
        (one.robot.stem, cassette) for one in robots_at(folders) if (cassette := cassette_of(one.robot))
    ]
    if not any(cassette.recordings for _, cassette in cassettes):
        raise SesError("these robots have no recordings: `ses test --ask-model` makes them")
    same = True
    async with running(config) as model:
        for robot, cassette in cassettes:
            differing = 0
            for recording in cassette.recordings.values():
                recording.request.model = name
                text = (await model.chat(recording.request)).text
                if text.strip() != recording.answer.text.strip():
                    differing += 1
                    console.print(f"{robot}: {recording.request.messages[-1]['content']}", markup=False)
                    console.print(f"  - {recording.answer.text.strip()}\n  + {text.strip()}", markup=False)
            if cassette.recordings:
                console.print(f"{robot}: {differing} of {len(cassette.recordings)} answers differ")
            same = same and not differing
    return same
