"""What the writer thread does to the tables, a function for each command.

Each takes the connection and one argument, and runs inside a transaction that it neither begins nor ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from ses.storage.rows import (
    DEATH,
    PRESENT,
    Accepted,
    Addition,
    Arrival,
    SessionRow,
    TurnRecord,
    VersionRow,
    fact_key,
)
from ses.storage.sqlite import people

_encode = msgspec.json.encode
_decode = msgspec.json.decode

FIND_SESSION = (
    "SELECT id, connector, session, robot, state, turn, seq, private, created, touched, expires, key_hash, user"
    " FROM sessions WHERE session = ? AND connector = ?"
)
"""The columns of `SessionRow`, in their order."""


def accept(db: sqlite3.Connection, arrival: Arrival) -> Accepted:
    """Write an inbound unless its id is known in the conversation; begin the session if there is none."""
    row, session = arrival.row, None
    if not row:
        session = _find_or_begin(db, arrival)
        row = session.id
    cursor = db.execute(
        "INSERT INTO inbox (session, external_id, at, body) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (session, external_id) DO NOTHING",
        (row, arrival.external_id, arrival.at, arrival.body),
    )
    return Accepted((cursor.lastrowid or 0) if cursor.rowcount else 0, session)


def _find_or_begin(db: sqlite3.Connection, arrival: Arrival) -> SessionRow:
    found = db.execute(FIND_SESSION, (arrival.session, arrival.connector)).fetchone()
    if found is not None:
        return SessionRow(*found)
    at = arrival.at
    begun = db.execute(
        "INSERT INTO sessions (connector, session, robot, created, touched, expires, key_hash, user)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            arrival.connector,
            arrival.session,
            arrival.robot,
            at,
            at,
            arrival.expires,
            arrival.key_hash,
            arrival.user,
        ),
    )
    assert begun.lastrowid is not None
    return SessionRow(
        begun.lastrowid, arrival.connector, arrival.session, arrival.robot, None, 0, 0, False, at, at, arrival.expires,
        arrival.key_hash, arrival.user,
    )  # fmt: skip


def commit(db: sqlite3.Connection, record: TurnRecord) -> list[Accepted]:
    """Write a leg of a turn; what became of the inbounds that came of it."""
    session, turn, at = record.session, record.turn, record.at
    db.execute(
        "UPDATE sessions SET state = ?, turn = ?, seq = ?, private = ?, touched = ?, expires = ?, robot = ?, pinned = ?"
        " WHERE id = ?",
        (
            record.state,
            turn,
            record.seq,
            record.private,
            at,
            record.expires,
            record.robot,
            record.pinned,
            session,
        ),
    )
    for row, masked in record.done:
        if masked is None:
            db.execute("UPDATE inbox SET turn = ? WHERE id = ?", (turn, row))
        else:
            db.execute("UPDATE inbox SET turn = ?, body = ? WHERE id = ?", (turn, masked, row))
    if record.unmask:
        db.execute(
            "UPDATE outbox SET body = masked, masked = NULL"
            " WHERE session = ? AND turn < ? AND state = 1 AND masked IS NOT NULL",
            (session, turn),
        )
    for seq, body, hidden, state in record.outbox:
        db.execute(
            "INSERT INTO outbox (session, seq, turn, at, state, body, masked) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (session, seq, turn, at, state, body, hidden),
        )
    if record.user_values:
        _write_user_values(db, record)
    if record.trace is not None:
        db.execute(
            "INSERT OR REPLACE INTO traces (session, turn, body) VALUES (?, ?, ?)",
            (session, turn, record.trace),
        )
    if record.join is not None:
        people.join(db, (*record.join, at))
    if record.proved is not None:
        people.prove(db, (*record.proved, at))
    if record.spent is not None:
        db.execute("DELETE FROM links WHERE hash = ?", (record.spent,))
    return [accept(db, arrival) for arrival in record.arrivals]


def _write_user_values(db: sqlite3.Connection, record: TurnRecord) -> None:
    user = people.person_of(db, record.user)
    for name, value in record.user_values.items():
        key = (record.robot, user, name)
        if isinstance(value, Addition):
            found = db.execute(
                "SELECT value FROM user_values WHERE robot = ? AND user = ? AND name = ?", key
            ).fetchone()
            known = _decode(found[0]) if found else 0
            value = (known if isinstance(known, int | float) else 0) + value.by  # noqa: PLW2901 - the sum takes its place
        db.execute(
            "INSERT OR REPLACE INTO user_values (robot, user, name, value) VALUES (?, ?, ?, ?)",
            (*key, _encode(value)),
        )


def delivered(db: sqlite3.Connection, what: tuple[int, int, int]) -> None:
    """Session, `seq`, new state: the message arrived or never will, and private values leave its row."""
    session, seq, state = what
    db.execute(
        "UPDATE outbox SET state = ?, body = coalesce(masked, body), masked = NULL WHERE session = ? AND seq = ?",
        (state, session, seq),
    )


def add_suspicion(db: sqlite3.Connection, what: tuple[int, int]) -> None:
    """Row and points: suspicion that an inbound kills the daemon grows or falls."""
    row, points = what
    db.execute("UPDATE inbox SET suspicion = suspicion + ? WHERE id = ?", (points, row))


def remove(db: sqlite3.Connection, what: tuple[Sequence[int], float]) -> int:
    """Sessions (rows) that expired before that time and wait for nothing, with all that belongs to them."""
    sessions, before = what
    gone = 0
    for session in sessions:
        removed = db.execute(
            "DELETE FROM sessions WHERE id = ? AND expires < ?"
            " AND NOT EXISTS (SELECT 1 FROM inbox WHERE session = sessions.id AND turn IS NULL)"
            " RETURNING connector, session",
            (session, before),
        ).fetchone()
        if removed:
            gone += 1
            db.execute("DELETE FROM identities WHERE identity = ?", ("/".join(removed),))
            for table in ("inbox", "outbox", "traces", "links"):
                db.execute(f"DELETE FROM {table} WHERE session = ?", (session,))  # noqa: S608 - our own names
    return gone


def keep_fact(db: sqlite3.Connection, what: tuple[str, str, str]) -> None:
    """Connector, name, value."""
    connector, name, value = what
    db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (fact_key(connector, name), value))


def keep_version(db: sqlite3.Connection, row: VersionRow) -> None:
    db.execute(
        "INSERT OR IGNORE INTO versions (robot, version, at, archive) VALUES (?, ?, ?, ?)",
        (row.robot, row.version, row.at, row.archive),
    )


def drop_versions(db: sqlite3.Connection, keep: Sequence[tuple[str, str]]) -> int:
    """Archives that no session rests in, but those of `keep` (robot, version)."""
    used = set(keep)
    for robot, pinned in db.execute("SELECT DISTINCT robot, pinned FROM sessions WHERE pinned <> ''"):
        used.update((robot, version) for version in pinned.split())
    stored = db.execute("SELECT robot, version FROM versions").fetchall()
    idle = [pair for pair in stored if pair not in used]
    db.executemany("DELETE FROM versions WHERE robot = ? AND version = ?", idle)
    return len(idle)


def begin_service(db: sqlite3.Connection, culprit: int) -> bool:
    """Note the database as in use; false when the last owner left without saying goodbye. Then the inbound at the
    head of each conversation is under suspicion, and `culprit`, which was being computed, under more."""
    clean = db.execute("SELECT 1 FROM meta WHERE name = 'running'").fetchone() is None
    if clean:
        db.execute("INSERT INTO meta VALUES ('running', 1)")
    else:
        db.execute(
            "UPDATE inbox SET suspicion = ? WHERE suspicion = 0"
            " AND id IN (SELECT min(id) FROM inbox WHERE turn IS NULL GROUP BY session)",
            (PRESENT,),
        )
        add_suspicion(db, (culprit, DEATH))
    return clean


def end_service(db: sqlite3.Connection, _: None) -> None:
    """A clean stop: what is left in the queue is nobody's fault."""
    db.execute("DELETE FROM meta WHERE name = 'running'")
    db.execute("UPDATE inbox SET suspicion = 0 WHERE turn IS NULL AND suspicion <> 0")
