"""`ses schema`: the JSON Schema of the language, for editors."""

from __future__ import annotations

import json

import typer

from ses.scenario.models.json_schema import robot_schema


def schema() -> None:
    """Print the JSON Schema of a robot's files.

    Save it and put `# yaml-language-server: $schema=PATH` on the first line of a file: the editor completes keys and
    explains them.
    """
    typer.echo(json.dumps(robot_schema(), ensure_ascii=False, indent=2))
