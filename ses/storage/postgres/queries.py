"""What is read from the tables, a function for each question."""

from __future__ import annotations

from typing import Any

import asyncpg

from ses.storage.postgres.commands import SESSION
from ses.storage.rows import (
    ExpiredRow,
    LogLine,
    LogPosition,
    LogQuery,
    Pending,
    SentRow,
    SessionRow,
    Undelivered,
    fact_key,
)


async def session_in(db: asyncpg.Connection, connector: str, session: str) -> SessionRow | None:
    found = await db.fetchrow(
        f"SELECT {SESSION} FROM sessions WHERE session = $1 AND connector = $2",  # noqa: S608 - our own names
        session,
        connector,
    )
    return SessionRow(*found) if found else None


async def find_session(db: asyncpg.Connection, robot: str, session: str) -> SessionRow | None:
    found = await db.fetchrow(
        f"SELECT {SESSION} FROM sessions WHERE session = $1 AND robot = $2 ORDER BY touched DESC LIMIT 1",  # noqa: S608 - our own names
        session,
        robot,
    )
    return SessionRow(*found) if found else None


async def sent(db: asyncpg.Connection, session: int, after: int, limit: int) -> list[SentRow]:
    rows = await db.fetch(
        "SELECT seq, turn, at, body FROM outbox WHERE session = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        session,
        after,
        limit,
    )
    return [SentRow(*row) for row in rows]


_TURNS = """
SELECT inbox.at, $1::bigint, 0, inbox.id, sessions.session, inbox.turn, inbox.body
FROM inbox JOIN sessions ON sessions.id = inbox.session
WHERE inbox.session = $1 AND (inbox.turn IS NULL OR inbox.turn > sessions.turn - $2)
UNION ALL
SELECT outbox.at, $1::bigint, 1, outbox.seq, sessions.session, outbox.turn, outbox.body
FROM outbox JOIN sessions ON sessions.id = outbox.session
WHERE outbox.session = $1 AND outbox.turn > sessions.turn - $2
ORDER BY 6 NULLS LAST, 3, 4
"""


async def turns(db: asyncpg.Connection, session: int, last: int) -> list[LogLine]:
    return [LogLine(*row) for row in await db.fetch(_TURNS, session, last)]


_ANSWER = """
SELECT inbox.turn, traces.body, outbox.seq, outbox.at, outbox.body
FROM inbox
LEFT JOIN traces ON traces.session = inbox.session AND traces.turn = inbox.turn
LEFT JOIN outbox ON outbox.session = inbox.session AND outbox.turn = inbox.turn
WHERE inbox.session = $1 AND inbox.external_id = $2 AND inbox.turn IS NOT NULL
ORDER BY outbox.seq
"""


async def answer(
    db: asyncpg.Connection, session: int, external_id: str
) -> tuple[int, list[SentRow], bytes | None] | None:
    rows = await db.fetch(_ANSWER, session, external_id)
    if not rows:
        return None
    turn, trace, *_ = rows[0]
    return turn, [SentRow(seq, turn, at, body) for _, _, seq, at, body in rows if seq is not None], trace


_LOG = """
SELECT {table}.at, {table}.session, {side}, {number}::bigint, sessions.session, {table}.turn, {table}.body
FROM {table} JOIN sessions ON sessions.id = {table}.session
WHERE {table}.at >= $1 AND {table}.at < $2 AND sessions.robot = $3 {session}
  AND ({table}.at > $1 OR ({table}.session, {side}, {number}) > ($4::bigint, $5::int, $6::bigint))
ORDER BY {table}.at, {table}.session, {number} LIMIT $7
"""


def _both_sides(session: str) -> tuple[str, str]:
    return (
        _LOG.format(table="inbox", side=0, number="inbox.id", session=session),
        _LOG.format(table="outbox", side=1, number="outbox.seq", session=session),
    )


_OF_ROBOT = _both_sides("")
_OF_SESSION = _both_sides("AND sessions.session = $8")


async def log(
    db: asyncpg.Connection, query: LogQuery, after: LogPosition | None, limit: int
) -> tuple[list[LogLine], LogPosition | None]:
    values: tuple[Any, ...] = (
        after.at if after else query.since,
        query.until or float("inf"),
        query.robot,
        after.session if after else -1,
        after.side if after else -1,
        after.number if after else -1,
        limit + 1,
    )
    # One session's lines lie together; those of a robot are met along the index of times.
    both = _OF_ROBOT
    if query.session:
        both, values = _OF_SESSION, (*values, query.session)
    lines = [LogLine(*row) for sql in both for row in await db.fetch(sql, *values)]
    lines.sort(key=_position)
    page = lines[:limit]
    return page, _position(page[-1]) if len(lines) > limit else None


def _position(line: LogLine) -> LogPosition:
    return LogPosition(line.at, line.session, line.side, line.number)


async def pending(db: asyncpg.Connection, after: int, limit: int) -> list[Pending]:
    rows = await db.fetch(
        "SELECT inbox.id, inbox.session, sessions.connector, sessions.session, inbox.body, inbox.suspicion"
        " FROM inbox JOIN sessions ON sessions.id = inbox.session"
        " WHERE inbox.turn IS NULL AND inbox.id > $1 ORDER BY inbox.id LIMIT $2",
        after,
        limit,
    )
    return [Pending(*row) for row in rows]


async def undelivered(db: asyncpg.Connection, after: tuple[int, int], limit: int) -> list[Undelivered]:
    rows = await db.fetch(
        "SELECT outbox.session, outbox.seq, sessions.connector, sessions.session, sessions.robot, outbox.at, outbox.body"
        " FROM outbox JOIN sessions ON sessions.id = outbox.session"
        " WHERE outbox.state = 0 AND (outbox.session, outbox.seq) > ($1, $2)"
        " ORDER BY outbox.session, outbox.seq LIMIT $3",
        *after,
        limit,
    )
    return [Undelivered(*row) for row in rows]


async def expired(db: asyncpg.Connection, before: float, after: int, limit: int) -> list[ExpiredRow]:
    rows = await db.fetch(
        "SELECT id, connector, session, robot, turn, state IS NOT NULL FROM sessions WHERE id > $1 AND expires < $2"
        " AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.session = sessions.id AND inbox.turn IS NULL)"
        " ORDER BY id LIMIT $3",
        after,
        before,
        limit,
    )
    return [ExpiredRow(*row) for row in rows]


async def version(db: asyncpg.Connection, robot: str, version: str) -> bytes | None:
    found: bytes | None = await db.fetchval(
        "SELECT archive FROM versions WHERE robot = $1 AND version = $2", robot, version
    )
    return found


async def fact(db: asyncpg.Connection, connector: str, name: str) -> str | None:
    found: str | None = await db.fetchval("SELECT value FROM meta WHERE name = $1", fact_key(connector, name))
    return found
