"""People in the tables: the names one of them has in several channels, what is kept for him, where he can be written to."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec

from ses.storage.rows import SessionRow

_COLUMNS = (
    "id, connector, session, robot, state, turn, seq, private, created, touched, expires, key_hash, user"
)
"""Of `SessionRow`, in their order."""


def person_of(db: sqlite3.Connection, name: str) -> str:
    """The name under which a person's values are kept."""
    found = db.execute("SELECT person FROM identities WHERE identity = ?", (name,)).fetchone()
    return str(found[0]) if found else name


def join(db: sqlite3.Connection, what: tuple[str, str, float]) -> None:
    """Two names of one person from now on: the first one's person stays, with all names of the second."""
    keep, other, at = what
    stays, goes = person_of(db, keep), person_of(db, other)
    if stays == goes:
        return
    db.execute("UPDATE identities SET person = ? WHERE person = ?", (stays, goes))
    for name in {goes, other}:
        db.execute(
            "INSERT INTO identities (identity, person, at) VALUES (?, ?, ?)"
            " ON CONFLICT (identity) DO UPDATE SET person = excluded.person",
            (name, stays, at),
        )
        # A conversation without a person is known by its own name until it gets one.
        connector, _, session = name.partition("/")
        db.execute(
            "UPDATE sessions SET user = ? WHERE session = ? AND connector = ? AND user = ''",
            (name, session, connector),
        )
    db.execute("UPDATE OR IGNORE user_values SET user = ? WHERE user = ?", (stays, goes))
    db.execute("DELETE FROM user_values WHERE user = ?", (goes,))


def identify(db: sqlite3.Connection, what: tuple[str, str, str, float]) -> bool:
    """A session (connector, session) that is nobody's becomes a person's, with what was kept for it alone; false when it is
    another's, or not there."""
    connector, session, user, at = what
    found = db.execute(
        "SELECT user FROM sessions WHERE session = ? AND connector = ?", (session, connector)
    ).fetchone()
    own = f"{connector}/{session}"
    if found is None or found[0] == user:
        return found is not None
    if found[0] not in ("", own) or person_of(db, own) not in (own, person_of(db, user)):
        return False
    db.execute("UPDATE sessions SET user = ? WHERE session = ? AND connector = ?", (user, session, connector))
    join(db, (user, own, at))
    return True


def prove(db: sqlite3.Connection, what: tuple[str, str, float]) -> None:
    """A name is from now on that of a person, and nobody else's. Nothing is merged: a phone may have had another owner."""
    name, user, at = what
    db.execute(
        "INSERT INTO identities (identity, person, at) VALUES (?, ?, ?)"
        " ON CONFLICT (identity) DO UPDATE SET person = excluded.person, at = excluded.at",
        (name, person_of(db, user), at),
    )


def user_values(db: sqlite3.Connection, robot: str, user: str) -> Mapping[str, Any]:
    rows = db.execute(
        "SELECT name, value FROM user_values WHERE robot = :robot"
        " AND user = coalesce((SELECT person FROM identities WHERE identity = :user), :user)",
        {"robot": robot, "user": user},
    )
    return {name: msgspec.json.decode(value) for name, value in rows}


def names(db: sqlite3.Connection, user: str) -> list[str]:
    person = person_of(db, user)
    found = db.execute("SELECT identity FROM identities WHERE person = ? ORDER BY at, identity", (person,))
    return list(dict.fromkeys([person, *(name for (name,) in found)]))


def conversations_of(db: sqlite3.Connection, robot: str, user: str) -> list[SessionRow]:
    known = names(db, user)
    marks = ", ".join("?" * len(known))
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM sessions WHERE user IN ({marks}) AND user <> '' AND robot = ?"  # noqa: S608 - question marks
        " ORDER BY touched DESC, id DESC",
        (*known, robot),
    )
    return [SessionRow(*row) for row in rows]


def people_of_phone(db: sqlite3.Connection, robot: str, phone: str) -> list[str]:
    proved = db.execute("SELECT person FROM identities WHERE identity = ?", (f"phone:{phone}",)).fetchone()
    if proved:
        return [proved[0]]
    rows = db.execute(
        "SELECT DISTINCT user FROM user_values WHERE robot = ? AND value = ?"
        " AND value >= x'222B' AND value < x'222C' AND length(value) < 20 ORDER BY user",
        (robot, msgspec.json.encode(phone)),
    )
    return [user for (user,) in rows]
