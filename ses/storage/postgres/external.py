"""Calls of other systems and links between channels in the tables."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from ses.storage.rows import CallRow, LinkRow


async def call(db: asyncpg.Connection, name: str) -> CallRow | None:
    found = await db.fetchrow("SELECT digest, plan, answer FROM calls WHERE name = $1", name)
    return CallRow(*found) if found else None


async def keep_call(db: asyncpg.Connection, whats: Sequence[tuple[str, CallRow, float]]) -> list[CallRow]:
    """Names, calls, times: noted unless there is one of that name."""
    kept = []
    for name, new, at in whats:
        await db.execute(
            "INSERT INTO calls (name, digest, at, plan, answer) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            name, new.digest, at, new.plan, new.answer,
        )  # fmt: skip
        kept.append(await call(db, name) or new)
    return kept


async def answer_call(db: asyncpg.Connection, whats: Sequence[tuple[str, bytes]]) -> list[None]:
    for name, answer in whats:
        await db.execute("UPDATE calls SET answer = $2 WHERE name = $1", name, answer)
    return [None] * len(whats)


async def keep_link(db: asyncpg.Connection, whats: Sequence[tuple[bytes, int, str, float]]) -> list[None]:
    """Hash, session, connector it leads to, end."""
    for hash_, session, to, expires in whats:
        await db.execute("DELETE FROM links WHERE session = $1 AND connector = $2", session, to)
        await db.execute(
            "INSERT INTO links (hash, session, connector, expires) VALUES ($1, $2, $3, $4)",
            hash_, session, to, expires,
        )  # fmt: skip
    return [None] * len(whats)


async def link(db: asyncpg.Connection, hash_: bytes) -> LinkRow | None:
    found = await db.fetchrow(
        "SELECT sessions.connector, sessions.session, sessions.robot, links.connector, links.expires"
        " FROM links JOIN sessions ON sessions.id = links.session WHERE hash = $1",
        hash_,
    )
    return LinkRow(*found) if found else None


async def drop_external(db: asyncpg.Connection, whats: Sequence[tuple[float, float]]) -> list[None]:
    """Calls that came before the first time, links that ended before the second."""
    for calls, links in whats:
        await db.execute("DELETE FROM calls WHERE at < $1", calls)
        await db.execute("DELETE FROM links WHERE expires < $1", links)
    return [None] * len(whats)
