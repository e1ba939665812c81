"""What is known of some tables' past without Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class History(NamedTuple):
    """The revisions of one set of tables."""

    name: str
    """What people call the tables: `pipeline`, `journal`."""
    folder: Path
    """Where the revisions are: files of Alembic, numbered `0001`, `0002` …, so that a newer one is a greater text."""
    version_table: str
    """Holds the revision in a column `version_num`."""
    head: str
    """The newest revision."""


def of_newer_release(database: str, history: History, stored: str) -> str:
    """What to say of a database whose revision this program does not know."""
    return (
        f"{database} was made by a newer release (its {history.name} tables are revision {stored}, this program knows "
        f"{history.head}); install that release again, or name another database"
    )


def of_older_release(database: str, history: History, stored: str) -> str:
    """What to say of a database that has to be upgraded first."""
    return (
        f"{database} was made by an older release (its {history.name} tables are revision {stored or 'none'}, this program needs "
        f"{history.head}); make a backup, then run `ses db upgrade`, or start with RUN_MIGRATIONS=1"
    )
