"""`ses config`: what the daemon would read."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from ses.cli.options import ConfigOption, FormatOption, configuration
from ses.config import ConfigError


def config(
    path: ConfigOption = None,
    show: Annotated[bool, typer.Option("--show", help="Print every key in force, secrets masked.")] = False,
    format: FormatOption = "text",
) -> None:
    """Check config.json: every mistake at once, exit code 2 when there is one."""
    try:
        loaded = configuration(path)
    except ConfigError as error:
        if format == "text":
            raise
        print(json.dumps({"problems": [asdict(problem) for problem in error.problems]}, ensure_ascii=False))
        raise typer.Exit(2) from None
    if show:
        print(loaded.model_dump_json(indent=2))
    elif format == "json":
        print(json.dumps({"problems": [], "warnings": loaded.warnings}, ensure_ascii=False))
    else:
        print(f"{loaded.file}: all well")
