"""Calls of other systems and links between channels in the tables."""

from __future__ import annotations

import sqlite3

from ses.storage.rows import CallRow, LinkRow


def call(db: sqlite3.Connection, name: str) -> CallRow | None:
    found = db.execute("SELECT digest, plan, answer FROM calls WHERE name = ?", (name,)).fetchone()
    return CallRow(*found) if found else None


def keep_call(db: sqlite3.Connection, what: tuple[str, CallRow, float]) -> CallRow:
    """Name, call, time: noted unless there is one of that name."""
    name, new, at = what
    db.execute(
        "INSERT OR IGNORE INTO calls (name, digest, at, plan, answer) VALUES (?, ?, ?, ?, ?)",
        (name, new.digest, at, new.plan, new.answer),
    )
    return call(db, name) or new


def answer_call(db: sqlite3.Connection, what: tuple[str, bytes]) -> None:
    name, answer = what
    db.execute("UPDATE calls SET answer = ? WHERE name = ?", (answer, name))


def keep_link(db: sqlite3.Connection, what: tuple[bytes, int, str, float]) -> None:
    """Hash, session, connector it leads to, end."""
    hash_, session, to, expires = what
    db.execute("DELETE FROM links WHERE session = ? AND connector = ?", (session, to))
    db.execute("INSERT OR REPLACE INTO links VALUES (?, ?, ?, ?)", (hash_, session, to, expires))


def link(db: sqlite3.Connection, hash_: bytes) -> LinkRow | None:
    found = db.execute(
        "SELECT sessions.connector, sessions.session, sessions.robot, links.connector, links.expires"
        " FROM links JOIN sessions ON sessions.id = links.session WHERE hash = ?",
        (hash_,),
    ).fetchone()
    return LinkRow(*found) if found else None


def drop_external(db: sqlite3.Connection, what: tuple[float, float]) -> None:
    """Calls that came before the first time, links that ended before the second."""
    calls, links = what
    db.execute("DELETE FROM calls WHERE at < ?", (calls,))
    db.execute("DELETE FROM links WHERE expires < ?", (links,))
