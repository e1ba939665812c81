"""Reads the journal, for people and programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import or_, select

from ses.ledger.database import Database
from ses.ledger.tables import journal


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which requests; none: all of them."""

    since: datetime | None = None
    """UTC, without a zone."""
    until: datetime | None = None
    who: str | None = None
    """A user's e-mail address, or the address he came from."""
    status: int | None = None
    type: str | None = None
    """A part of it, `embeddings`."""
    id: int | None = None
    limit: int = 50


async def entries(database: Database, wanted: Wanted) -> Sequence[dict[str, Any]]:
    """Rows of the journal, the oldest of the newest first. Raises `LedgerDown`."""
    rows = select(journal)
    if wanted.id is not None:
        rows = rows.where(journal.c.id == wanted.id)
    if wanted.since is not None:
        rows = rows.where(journal.c.request_dt >= wanted.since)
    if wanted.until is not None:
        rows = rows.where(journal.c.request_dt < wanted.until)
    if wanted.who is not None:
        rows = rows.where(or_(journal.c.username == wanted.who, journal.c.user == wanted.who))
    if wanted.status is not None:
        rows = rows.where(journal.c.status_code == wanted.status)
    if wanted.type is not None:
        rows = rows.where(journal.c.type.contains(wanted.type, autoescape=True))
    async with database.transaction() as connection:
        found = await connection.execute(rows.order_by(journal.c.id.desc()).limit(wanted.limit))
        return [dict(row) for row in reversed(found.mappings().all())]
