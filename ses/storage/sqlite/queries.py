"""What is read from the tables, a function for each question."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

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
from ses.storage.sqlite.commands import FIND_SESSION


def session_in(db: sqlite3.Connection, connector: str, session: str) -> SessionRow | None:
    found = db.execute(FIND_SESSION, (session, connector)).fetchone()
    return SessionRow(*found) if found else None


def find_session(db: sqlite3.Connection, robot: str, session: str) -> SessionRow | None:
    found = db.execute(
        "SELECT connector FROM sessions WHERE session = ? AND robot = ? ORDER BY touched DESC LIMIT 1",
        (session, robot),
    ).fetchone()
    return session_in(db, found[0], session) if found else None


def sent(db: sqlite3.Connection, session: int, after: int, limit: int) -> list[SentRow]:
    rows = db.execute(
        "SELECT seq, turn, at, body FROM outbox WHERE session = ? AND seq > ? ORDER BY seq LIMIT ?",
        (session, after, limit),
    )
    return [SentRow(*row) for row in rows]


def turns(db: sqlite3.Connection, session: int, last: int) -> list[LogLine]:
    found = db.execute("SELECT session, turn FROM sessions WHERE id = ?", (session,)).fetchone()
    if found is None:
        return []
    name, newest = found
    oldest = newest - last
    heard = db.execute(
        "SELECT at, id, turn, body FROM inbox WHERE session = ? AND (turn IS NULL OR turn > ?)",
        (session, oldest),
    )
    lines = [LogLine(at, session, 0, row, name, turn, body) for at, row, turn, body in heard]
    said = db.execute(
        "SELECT at, seq, turn, body FROM outbox WHERE session = ? AND turn > ?", (session, oldest)
    )
    lines += [LogLine(at, session, 1, seq, name, turn, body) for at, seq, turn, body in said]
    lines.sort(key=_by_turn)
    return lines


def _by_turn(line: LogLine) -> tuple[float, int, int]:
    return (float("inf") if line.turn is None else line.turn, line.side, line.number)


def answer(
    db: sqlite3.Connection, session: int, external_id: str
) -> tuple[int, list[SentRow], bytes | None] | None:
    found = db.execute(
        "SELECT turn FROM inbox WHERE session = ? AND external_id = ?", (session, external_id)
    ).fetchone()
    if found is None or found[0] is None:
        return None
    turn: int = found[0]
    rows = db.execute(
        "SELECT seq, turn, at, body FROM outbox WHERE session = ? AND turn = ? ORDER BY seq", (session, turn)
    ).fetchall()
    trace = db.execute("SELECT body FROM traces WHERE session = ? AND turn = ?", (session, turn)).fetchone()
    return turn, [SentRow(*row) for row in rows], trace[0] if trace else None


_LOG = """
SELECT {table}.at, {table}.session, {side}, {number}, sessions.session, {table}.turn, {table}.body
FROM {table} {index} JOIN sessions ON sessions.id = {table}.session
WHERE {table}.at >= :since AND {table}.at < :until AND sessions.robot = :robot {session}
  AND ({table}.at > :since OR ({table}.session, {side}, {number}) > (:after_session, :after_side, :after_number))
ORDER BY {table}.at, {table}.session, {number} LIMIT :limit
"""


def log(
    db: sqlite3.Connection, query: LogQuery, after: LogPosition | None, limit: int
) -> tuple[list[LogLine], LogPosition | None]:
    values: dict[str, Any] = {
        "robot": query.robot,
        "since": after.at if after else query.since,
        "until": query.until or float("inf"),
        "after_session": after.session if after else -1,
        "after_side": after.side if after else -1,
        "after_number": after.number if after else -1,
        "limit": limit + 1,
    }
    rows: list[int] = []
    if query.session:
        rows = [
            row
            for (row,) in db.execute(
                "SELECT id FROM sessions WHERE session = ? AND robot = ?", (query.session, query.robot)
            )
        ]
        if not rows:
            return [], None
    lines: list[LogLine] = []
    for table, side, number in (("inbox", 0, "inbox.id"), ("outbox", 1, "outbox.seq")):
        # One session's lines lie together; those of a robot are met along the index of times.
        where = f"AND {table}.session IN ({', '.join(map(str, rows))})" if rows else ""
        index = "" if rows else f"INDEXED BY {table}_at"
        sql = _LOG.format(table=table, side=side, number=number, session=where, index=index)
        lines += [LogLine(*row) for row in db.execute(sql, values)]
    lines.sort(key=_position)
    page = lines[:limit]
    return page, _position(page[-1]) if len(lines) > limit else None


def _position(line: LogLine) -> LogPosition:
    return LogPosition(line.at, line.session, line.side, line.number)


def pending(db: sqlite3.Connection, after: int, limit: int) -> list[Pending]:
    rows = db.execute(
        "SELECT inbox.id, inbox.session, sessions.connector, sessions.session, inbox.body, inbox.suspicion"
        " FROM inbox JOIN sessions ON sessions.id = inbox.session"
        " WHERE inbox.turn IS NULL AND inbox.id > ? ORDER BY inbox.id LIMIT ?",
        (after, limit),
    )
    return [Pending(*row) for row in rows]


def undelivered(db: sqlite3.Connection, after: tuple[int, int], limit: int) -> list[Undelivered]:
    rows = db.execute(
        "SELECT outbox.session, outbox.seq, sessions.connector, sessions.session, sessions.robot, outbox.at, outbox.body"
        " FROM outbox INDEXED BY outbox_pending JOIN sessions ON sessions.id = outbox.session"
        " WHERE outbox.state = 0 AND (outbox.session, outbox.seq) > (?, ?)"
        " ORDER BY outbox.session, outbox.seq LIMIT ?",
        (*after, limit),
    )
    return [Undelivered(*row) for row in rows]


def expired(db: sqlite3.Connection, before: float, after: int, limit: int) -> list[ExpiredRow]:
    rows = db.execute(
        "SELECT id, connector, session, robot, turn, state IS NOT NULL FROM sessions WHERE id > ? AND expires < ?"
        " AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.session = sessions.id AND inbox.turn IS NULL)"
        " ORDER BY id LIMIT ?",
        (after, before, limit),
    )
    return [ExpiredRow(*row) for row in rows]


def version(db: sqlite3.Connection, robot: str, version: str) -> bytes | None:
    found: Sequence[bytes] | None = db.execute(
        "SELECT archive FROM versions WHERE robot = ? AND version = ?", (robot, version)
    ).fetchone()
    return found[0] if found else None


def fact(db: sqlite3.Connection, connector: str, name: str) -> str | None:
    found = db.execute("SELECT value FROM meta WHERE name = ?", (fact_key(connector, name),)).fetchone()
    return str(found[0]) if found else None
