"""Upgrades in a process that ends afterwards and takes Alembic's memory with it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from ses.errors import SesError
from ses.migrations.history import History


class UpgradeFailed(SesError):
    """The database is as it was; the message says what stood in the way."""


async def upgrade_in_child(url: str, history: History) -> None:
    """Bring a database to the newest revision. Raises `UpgradeFailed`."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ses.migrations",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    # By standard input: a command line, which anybody can read, is no place for a password.
    _, complaint = await child.communicate(json.dumps([url, encoded(history)]).encode())
    if child.returncode:
        reason = complaint.decode(errors="replace").strip().rpartition("\n")[2]
        raise UpgradeFailed(f"the {history.name} tables could not be upgraded and are as they were: {reason}")


def encoded(history: History) -> list[str]:
    return [history.name, str(history.folder), history.version_table, history.head]


def decoded(fields: list[str]) -> History:
    name, folder, version_table, head = fields
    return History(name, Path(folder), version_table, head)
