"""The command `ses`: a frame that finds the subcommands and turns failures into exit codes.

How a command is added
----------------------
A command lives in its own file and is listed in `COMMANDS` below with its module, its function and one line of
help; it is imported only when it is called, so `ses --help` stays fast. The file defines one plain function with typer
annotations, named like the command (`run`, `check`), whose docstring is the command's own `--help`::

    # ses/cli/check.py
    def check(
        folders: Annotated[list[Path] | None, typer.Argument(help="Robots; else the configured ones.")] = None,
        config: ConfigOption = None,
        format: FormatOption = "text",
    ) -> None:
        '''Check the scenarios and show every finding.'''

A command of several words (`ses model pull`) is a `typer.Typer` in place of the function.

`ConfigOption`, `FormatOption` and `configuration(config)` come from `ses.cli.options`. A command that ends well returns;
findings (a failed check, a failed test) are `raise typer.Exit(1)`; a `SesError` that leaves the command is printed to
stderr without a traceback and ends with 2, as wrong usage does. Asynchronous work is the command's own `asyncio.run(…)`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer

from ses import __version__
from ses.cli.startup_tuning import collect_seldom, import_structlog_alone
from ses.errors import SesError


class Listed(NamedTuple):
    """Where a command is, and what the list of commands says of it."""

    module: str
    function: str
    help: str


COMMANDS: dict[str, Listed] = {
    "run": Listed("ses.cli.run", "run", "Run the daemon"),
    "check": Listed("ses.cli.check", "check", "Check robots before anybody talks to them"),
    "schema": Listed("ses.cli.schema", "schema", "Print the JSON Schema of the language, for editors"),
    "config": Listed("ses.cli.config", "config", "Check config.json, or show what is in force"),
    "db": Listed("ses.cli.db", "db", "Show the state of the databases, or upgrade them"),
    "test": Listed("ses.cli.test", "play_tests", "Play the dialogue tests of robots"),
    "users": Listed("ses.cli.users", "users", "Make users of the language model's API"),
    "journal": Listed("ses.cli.journal", "journal", "Read what the language model was asked"),
    "connectors": Listed(
        "ses.cli.connectors", "connectors", "How each connector of the running daemon is doing"
    ),
    "chat": Listed("ses.cli.chat", "chat", "Talk to a robot in the terminal"),
    "model": Listed("ses.cli.model", "model", "Fetch language models, reckon what they need"),
    "llm": Listed("ses.cli.llm", "llm", "Show what another language model would say"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; leaves by `SystemExit` with 0 (well), 1 (findings) or 2 (usage, configuration)."""
    collect_seldom()
    words = list(sys.argv[1:] if arguments is None else arguments)
    called = next((word for word in words if not word.startswith("-")), None)
    app = _app(called)
    try:
        app(words, prog_name="ses")
    except SesError as error:
        print(f"ses: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def _app(called: str | None) -> typer.Typer:
    """The application with the called command loaded and the others by name only."""
    app = typer.Typer(
        help="SES: robots that talk by scenarios.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_frame)
    for name, listed in COMMANDS.items():
        if name == called:
            import_structlog_alone()
            found = getattr(importlib.import_module(listed.module), listed.function)
            if isinstance(found, typer.Typer):
                app.add_typer(found, name=name)
            else:
                app.command(name)(found)
        else:
            app.command(name, help=listed.help)(_by_name_only)
    return app


def _by_name_only() -> None:
    """Stands for a command that was not called in this run; only its line in the list of commands is read."""
    raise AssertionError("a command that was not called has run")


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"ses {__version__}")
        raise typer.Exit


def _frame(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and leave.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    if context.invoked_subcommand == "run":
        return  # the daemon sets up its own log
    from ses.logs import log_to_stderr

    log_to_stderr()
