"""What all commands share: the options `--config` and `--format`, and how the configuration is found."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from ses.config import Config, find, load

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="The configuration; else SES_CONFIG, else ./config.json, else /opt/ses/config.json.",
        show_default=False,
    ),
]

Format = Literal["text", "json"]
FormatOption = Annotated[Format, typer.Option("--format", help="json for programs.")]


def configuration(path: Path | None) -> Config:
    """Load the configuration a command works with and print its warnings to stderr. Raises `ConfigError`."""
    config = load(find(path))
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return config
