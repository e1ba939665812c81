"""How a database stands to this program."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import SQLAlchemyError

from ses.errors import SesError
from ses.migrations.history import History
from ses.migrations.upgrading import connected, revision

State = Literal["new", "older", "current", "newer"]
"""`new`: nothing is there yet."""


class Unreachable(SesError):
    """The database cannot be asked."""


def state(url: str, history: History) -> tuple[State, str]:
    """With the stored revision; empty when there is none. Raises `Unreachable`; not for use inside a running loop."""
    if url.startswith("sqlite:") and not Path(url.removeprefix("sqlite:///")).exists():
        return "new", ""
    ask: Callable[[Connection], tuple[State, str]] = partial(_state, history=history)
    try:
        return connected(url, ask)
    except asyncpg.InvalidCatalogNameError:
        return "new", ""
    except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise Unreachable(f"{shown_url(url)} cannot be asked: {error}") from error


def _state(connection: Connection, history: History) -> tuple[State, str]:
    stored = revision(connection, history)
    if stored is None:
        # SQLite files of the pipeline had tables before they had revisions.
        before = connection.dialect.name == "sqlite" and inspect(connection).has_table("inbox")
        return ("older" if before and history.name == "pipeline" else "new"), ""
    if stored == history.head:
        return "current", stored
    return ("older" if stored < history.head else "newer"), stored


def shown_url(url: str) -> str:
    """For people: without a password."""
    if url.startswith("sqlite:"):
        return url.removeprefix("sqlite:///")
    parts = urlsplit(url)
    return f"{parts.hostname or 'local'}:{parts.port or 5432}{parts.path}"
