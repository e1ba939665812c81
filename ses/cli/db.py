"""`ses db`: databases of older releases become those of this one."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Literal, NamedTuple

import typer

from ses.cli.options import ConfigOption, FormatOption, configuration
from ses.clock import SystemClock
from ses.config import Config
from ses.migrations.history import History
from ses.storage.history import PIPELINE

Action = Literal["status", "upgrade"]

_SAID = {
    "new": "not made yet: the first start makes it, or `ses db upgrade`",
    "older": "of an older release: make a backup, then `ses db upgrade`",
    "current": "up to date",
    "newer": "made by a newer release: install that again, or use another database",
}


class Tables(NamedTuple):
    history: History
    url: str


def db(
    action: Annotated[
        Action,
        typer.Argument(help="status: how each database stands; upgrade: make it what this release needs."),
    ] = "status",
    config: ConfigOption = None,
    format: FormatOption = "text",
) -> None:
    """Show how the configured databases stand to this release, or upgrade them.

    An upgrade is one transaction: when it fails, all is as before. The daemon must not run meanwhile. `status` ends with 1
    when something has to be done.
    """
    from ses.migrations.state import shown_url, state

    settings = configuration(config)
    if action == "upgrade":
        for tables in _all(settings):
            _upgrade(settings, tables)
    found = [(tables, *state(tables.url, tables.history)) for tables in _all(settings)]
    if format == "json":
        print(
            json.dumps(
                [
                    {
                        "tables": tables.history.name, "database": shown_url(tables.url), "state": now, "revision": stored,
                        "newest": tables.history.head,
                    }
                    for tables, now, stored in found
                ],
                ensure_ascii=False,
            )
        )  # fmt: skip
    else:
        for tables, now, stored in found:
            revision = f"revision {stored}" if stored else "no revision"
            print(f"{tables.history.name}: {shown_url(tables.url)}: {revision}, {_SAID[now]}")
    if any(now in {"older", "newer"} for _, now, _ in found):
        raise typer.Exit(1)


def _all(config: Config) -> list[Tables]:
    """The pipeline's tables first."""
    from ses.daemon.ledger import ledger_databases

    return [Tables(PIPELINE, config.storage.url), *(Tables(*found) for found in ledger_databases(config))]


def _upgrade(config: Config, tables: Tables) -> None:
    """Raises `SesError`."""
    if tables.history is PIPELINE:
        from ses.daemon.factories import store

        asyncio.run(store(config, SystemClock()).upgrade())
    else:
        asyncio.run(_open_and_close(tables))


async def _open_and_close(tables: Tables) -> None:
    """The ledger's tables are made and upgraded when they are opened."""
    from ses.ledger.database import Database

    database = Database(tables.url, tables.history, migrate=True)
    await database.open()
    await database.close()
