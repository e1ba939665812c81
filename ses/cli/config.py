"""`ses config`: what the daemon would read."""

from __future__ import annotations

from typing import Annotated

import typer

from ses.cli.options import ConfigOption, configuration


def config(
    path: ConfigOption = None,
    show: Annotated[bool, typer.Option("--show", help="Print every key in force, secrets masked.")] = False,
) -> None:
    """Check config.json: every mistake at once, exit code 2 when there is one."""
    loaded = configuration(path)
    print(loaded.model_dump_json(indent=2) if show else f"{loaded.file}: all well")
