"""What the writer does to the tables: a function for each command, which carries out many of its kind at once.

Each takes the connection and the arguments of its commands in their order, runs inside a transaction that it neither begins
nor ends, and returns as many results. Set-based statements make the price of a message a fraction of a round trip.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import asyncpg
import msgspec

from ses.storage.postgres import people
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

SESSION = (
    'id, connector, session, robot, state, turn, seq, private, created, touched, expires, key_hash, "user"'
)
"""The columns of `SessionRow`, in their order."""

# --- accepting -------------------------------------------------------------------------------------------------

_BEGIN_SESSIONS = f"""
WITH asked AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::bytea[], $7::text[])
    WITH ORDINALITY AS asked (connector, session, robot, at, expires, key_hash, person, ordinal)
), begun AS (
    INSERT INTO sessions (connector, session, robot, created, touched, expires, key_hash, "user")
    SELECT connector, session, robot, at, at, expires, key_hash, person FROM asked ORDER BY ordinal
    ON CONFLICT (session, connector) DO NOTHING
    RETURNING {SESSION}
)
SELECT {SESSION} FROM begun
UNION ALL
SELECT {", ".join(f"sessions.{column}" for column in SESSION.split(", "))}
FROM asked JOIN sessions ON sessions.session = asked.session AND sessions.connector = asked.connector
"""  # noqa: S608 - our own names

_WRITE_INBOX = """
INSERT INTO inbox (session, external_id, at, body)
SELECT session, external_id, at, body FROM unnest($1::bigint[], $2::text[], $3::float8[], $4::bytea[])
WITH ORDINALITY AS came (session, external_id, at, body, ordinal) ORDER BY ordinal
ON CONFLICT (session, external_id) DO NOTHING
RETURNING session, external_id, id
"""


async def accept(db: asyncpg.Connection, arrivals: Sequence[Arrival]) -> list[Accepted]:
    """Write inbounds unless their ids are known in their conversations; begin the sessions that there are not."""
    sessions = await _sessions(db, [one for one in arrivals if not one.row])
    rows = [one.row or sessions[one.connector, one.session].id for one in arrivals]
    written = await db.fetch(
        _WRITE_INBOX,
        rows,
        [one.external_id for one in arrivals],
        [one.at for one in arrivals],
        [one.body for one in arrivals],
    )
    numbers = {(session, external_id): row for session, external_id, row in written}
    return [
        # Of two copies in one batch the first has the row.
        Accepted(
            numbers.pop((row, one.external_id), 0),
            None if one.row else sessions[one.connector, one.session],
        )
        for row, one in zip(rows, arrivals, strict=True)
    ]


async def _sessions(db: asyncpg.Connection, arrivals: Sequence[Arrival]) -> dict[tuple[str, str], SessionRow]:
    """The sessions of those who do not know them, by connector and name."""
    if not arrivals:
        return {}
    first: dict[tuple[str, str], Arrival] = {}
    for one in arrivals:
        first.setdefault((one.connector, one.session), one)
    asked = first.values()
    found = await db.fetch(
        _BEGIN_SESSIONS,
        [one.connector for one in asked],
        [one.session for one in asked],
        [one.robot for one in asked],
        [one.at for one in asked],
        [one.expires for one in asked],
        [one.key_hash for one in asked],
        [one.user for one in asked],
    )
    return {(row[1], row[2]): SessionRow(*row) for row in found}


# --- turns -----------------------------------------------------------------------------------------------------

_WRITE_LEGS = """
WITH legs AS (
    UPDATE sessions SET state = leg.state, turn = leg.turn, seq = leg.seq, private = leg.private, touched = leg.at,
        expires = leg.expires, robot = leg.robot, pinned = leg.pinned
    FROM unnest($1::bigint[], $2::bytea[], $3::int[], $4::int[], $5::bool[], $6::float8[], $7::float8[], $8::text[], $9::text[])
        AS leg (id, state, turn, seq, private, at, expires, robot, pinned)
    WHERE sessions.id = leg.id
), answered AS (
    UPDATE inbox SET turn = done.turn, body = coalesce(done.masked, inbox.body)
    FROM unnest($10::bigint[], $11::int[], $12::bytea[]) AS done (id, turn, masked)
    WHERE inbox.id = done.id
), unmasked AS (
    UPDATE outbox SET body = outbox.masked, masked = NULL
    FROM unnest($13::bigint[], $14::int[]) AS leg (session, turn)
    WHERE outbox.session = leg.session AND outbox.turn < leg.turn AND outbox.state = 1 AND outbox.masked IS NOT NULL
), said AS (
    INSERT INTO outbox (session, seq, turn, at, state, body, masked)
    SELECT * FROM unnest($15::bigint[], $16::int[], $17::int[], $18::float8[], $19::smallint[], $20::bytea[], $21::bytea[])
)
INSERT INTO traces (session, turn, body) SELECT * FROM unnest($22::bigint[], $23::int[], $24::bytea[])
ON CONFLICT (session, turn) DO UPDATE SET body = excluded.body
"""


async def commit(db: asyncpg.Connection, records: Sequence[TurnRecord]) -> list[Sequence[Accepted]]:
    """Write legs of turns; what became of the inbounds that came of each."""
    for wave in _waves(records):
        await _write_legs(db, wave)
    if any(record.user_values for record in records):
        await _write_user_values(db, records)
    return [await _write_beyond(db, record) for record in records]


async def _write_beyond(db: asyncpg.Connection, record: TurnRecord) -> Sequence[Accepted]:
    """What a leg does beside its own conversation. Few do."""
    if record.join is not None:
        await people.join(db, [(*record.join, record.at)])
    if record.proved is not None:
        await people.prove(db, *record.proved, record.at)
    if record.spent is not None:
        await db.execute("DELETE FROM links WHERE hash = $1", record.spent)
    return await accept(db, record.arrivals) if record.arrivals else ()


def _waves(records: Sequence[TurnRecord]) -> Iterator[list[TurnRecord]]:
    """A statement changes a row only once, so legs of one session go one after the other."""
    wave: dict[int, TurnRecord] = {}
    for record in records:
        if record.session in wave:
            yield [*wave.values()]
            wave.clear()
        wave[record.session] = record
    yield [*wave.values()]


async def _write_legs(db: asyncpg.Connection, legs: Sequence[TurnRecord]) -> None:
    done = [(row, leg.turn, masked) for leg in legs for row, masked in leg.done]
    unmasked = [leg for leg in legs if leg.unmask]
    said = [(leg, row) for leg in legs for row in leg.outbox]
    traced = [leg for leg in legs if leg.trace is not None]
    await db.execute(
        _WRITE_LEGS,
        [leg.session for leg in legs],
        [leg.state for leg in legs],
        [leg.turn for leg in legs],
        [leg.seq for leg in legs],
        [leg.private for leg in legs],
        [leg.at for leg in legs],
        [leg.expires for leg in legs],
        [leg.robot for leg in legs],
        [leg.pinned for leg in legs],
        [row for row, _, _ in done],
        [turn for _, turn, _ in done],
        [masked for _, _, masked in done],
        [leg.session for leg in unmasked],
        [leg.turn for leg in unmasked],
        [leg.session for leg, _ in said],
        [row.seq for _, row in said],
        [leg.turn for leg, _ in said],
        [leg.at for leg, _ in said],
        [row.state for _, row in said],
        [row.body for _, row in said],
        [row.masked for _, row in said],
        [leg.session for leg in traced],
        [leg.turn for leg in traced],
        [leg.trace for leg in traced],
    )


async def _write_user_values(db: asyncpg.Connection, records: Sequence[TurnRecord]) -> None:
    """Additions are carried out here: nobody else writes."""
    values: dict[tuple[str, str, str], Any] = {}
    writing = [record for record in records if record.user_values]
    persons = await people.persons_of(db, {record.user for record in writing})
    for record in writing:
        for name, value in record.user_values.items():
            key = (record.robot, persons[record.user], name)
            if isinstance(value, Addition):
                known = values[key] if key in values else await _user_value(db, key)
                value = (known if isinstance(known, int | float) else 0) + value.by  # noqa: PLW2901 - the sum takes its place
            values[key] = value
    await db.executemany(
        'INSERT INTO user_values (robot, "user", name, value) VALUES ($1, $2, $3, $4)'
        ' ON CONFLICT (robot, "user", name) DO UPDATE SET value = excluded.value',
        [(*key, msgspec.json.encode(value)) for key, value in values.items()],
    )


async def _user_value(db: asyncpg.Connection, key: tuple[str, str, str]) -> Any:
    found = await db.fetchval(
        'SELECT value FROM user_values WHERE robot = $1 AND "user" = $2 AND name = $3', *key
    )
    return 0 if found is None else msgspec.json.decode(found)


async def delivered(db: asyncpg.Connection, whats: Sequence[tuple[int, int, int]]) -> list[None]:
    """Session, `seq`, new state: messages arrived or never will, and private values leave their rows."""
    last = {(session, seq): state for session, seq, state in whats}
    await db.execute(
        "UPDATE outbox SET state = what.state, body = coalesce(outbox.masked, outbox.body), masked = NULL"
        " FROM unnest($1::bigint[], $2::int[], $3::smallint[]) AS what (session, seq, state)"
        " WHERE outbox.session = what.session AND outbox.seq = what.seq",
        [session for session, _ in last],
        [seq for _, seq in last],
        [*last.values()],
    )
    return [None] * len(whats)


# --- now and then ------------------------------------------------------------------------------------------------


async def add_suspicion(db: asyncpg.Connection, whats: Sequence[tuple[int, int]]) -> list[None]:
    """Rows and points: suspicion that an inbound kills the daemon grows or falls."""
    for row, points in whats:
        await db.execute("UPDATE inbox SET suspicion = suspicion + $2 WHERE id = $1", row, points)
    return [None] * len(whats)


_REMOVE = """
WITH gone AS (
    DELETE FROM sessions WHERE id = ANY($1::bigint[]) AND expires < $2
        AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.session = sessions.id AND inbox.turn IS NULL)
    RETURNING id, connector, session
), heard AS (DELETE FROM inbox USING gone WHERE inbox.session = gone.id),
said AS (DELETE FROM outbox USING gone WHERE outbox.session = gone.id),
traced AS (DELETE FROM traces USING gone WHERE traces.session = gone.id),
linked AS (DELETE FROM links USING gone WHERE links.session = gone.id),
named AS (DELETE FROM identities USING gone WHERE identity = gone.connector || '/' || gone.session)
SELECT count(*) FROM gone
"""


async def remove(db: asyncpg.Connection, whats: Sequence[tuple[Sequence[int], float]]) -> list[int]:
    """Sessions (rows) that expired before that time and wait for nothing, with all that belongs to them."""
    return [await db.fetchval(_REMOVE, sessions, before) for sessions, before in whats]


async def keep_fact(db: asyncpg.Connection, whats: Sequence[tuple[str, str, str]]) -> list[None]:
    """Connector, name, value."""
    for connector, name, value in whats:
        await db.execute(
            "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            fact_key(connector, name), value,
        )  # fmt: skip
    return [None] * len(whats)


async def keep_version(db: asyncpg.Connection, rows: Sequence[VersionRow]) -> list[None]:
    for row in rows:
        await db.execute(
            "INSERT INTO versions (robot, version, at, archive) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            row.robot, row.version, row.at, row.archive,
        )  # fmt: skip
    return [None] * len(rows)


_DROP_VERSIONS = """
WITH used AS (
    SELECT robot, unnest(string_to_array(pinned, ' ')) AS version FROM sessions WHERE pinned <> ''
    UNION SELECT * FROM unnest($1::text[], $2::text[])
), gone AS (
    DELETE FROM versions WHERE NOT EXISTS (
        SELECT 1 FROM used WHERE used.robot = versions.robot AND used.version = versions.version
    ) RETURNING 1
) SELECT count(*) FROM gone
"""


async def drop_versions(db: asyncpg.Connection, keeps: Sequence[Sequence[tuple[str, str]]]) -> list[int]:
    """Archives that no session rests in, but those of `keep` (robot, version)."""
    return [
        await db.fetchval(_DROP_VERSIONS, [robot for robot, _ in keep], [version for _, version in keep])
        for keep in keeps
    ]


# --- the owner -----------------------------------------------------------------------------------------------------


async def begin_service(db: asyncpg.Connection, owner: str, culprit: int) -> bool:
    """Note the database as `owner`'s; false when the last one left without saying goodbye. Then the inbound at the head of
    each conversation is under suspicion, and `culprit`, which was being computed, under more."""
    clean = await db.fetchval("SELECT 1 FROM meta WHERE name = 'running'") is None
    await db.execute(
        "INSERT INTO meta (name, value) VALUES ('running', $1), ('batch', '0')"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        owner,
    )
    if not clean:
        await db.execute(
            "UPDATE inbox SET suspicion = $1 WHERE suspicion = 0"
            " AND id IN (SELECT min(id) FROM inbox WHERE turn IS NULL GROUP BY session)",
            PRESENT,
        )
        await add_suspicion(db, [(culprit, DEATH)])
    return clean


async def end_service(db: asyncpg.Connection, _: Sequence[None]) -> list[None]:
    """A clean stop: what is left in the queue is nobody's fault."""
    await db.execute("DELETE FROM meta WHERE name = 'running'")
    await db.execute("UPDATE inbox SET suspicion = 0 WHERE turn IS NULL AND suspicion <> 0")
    return [None]
