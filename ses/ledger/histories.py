"""The past of the ledger's tables, as `ses.migrations` knows it."""

from __future__ import annotations

from pathlib import Path

from ses.migrations.history import History

FOLDER = Path(__file__).parent / "migrations"

JOURNAL = History("journal", FOLDER / "journal", "journal_version", "0001")


def users_history(table: str) -> History:
    """`table`: its name, or `schema.table`; the revisions read it from the history's name."""
    return History(table, FOLDER / "users", f"{table.replace('.', '_')}_version", "0001")
