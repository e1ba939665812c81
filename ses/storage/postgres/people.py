"""People in the tables: the names one of them has in several channels, what is kept for him, where he can be written to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from ses.storage.rows import SessionRow

_COLUMNS = (
    'id, connector, session, robot, state, turn, seq, private, created, touched, expires, key_hash, "user"'
)
"""Of `SessionRow`, in their order."""


async def persons_of(db: asyncpg.Connection, names: Collection[str]) -> Mapping[str, str]:
    """The names under which people's values are kept, by those they are called here."""
    found = await db.fetch(
        "SELECT identity, person FROM identities WHERE identity = ANY($1::text[])", list(names)
    )
    return {**dict(zip(names, names, strict=True)), **{row[0]: row[1] for row in found}}


async def join(db: asyncpg.Connection, whats: Sequence[tuple[str, str, float]]) -> list[None]:
    """Two names of one person from now on: the first one's person stays, with all names of the second."""
    for keep, other, at in whats:
        persons = await persons_of(db, {keep, other})
        stays, goes = persons[keep], persons[other]
        if stays != goes:
            await _join(db, stays, goes, {goes, other}, at)
    return [None] * len(whats)


async def _join(db: asyncpg.Connection, stays: str, goes: str, names: Collection[str], at: float) -> None:
    await db.execute("UPDATE identities SET person = $1 WHERE person = $2", stays, goes)
    for name in names:
        await db.execute(
            "INSERT INTO identities (identity, person, at) VALUES ($1, $2, $3)"
            " ON CONFLICT (identity) DO UPDATE SET person = excluded.person",
            name, stays, at,
        )  # fmt: skip
        # A conversation without a person is known by its own name until it gets one.
        connector, _, session = name.partition("/")
        await db.execute(
            'UPDATE sessions SET "user" = $1 WHERE session = $2 AND connector = $3 AND "user" = \'\'',
            name, session, connector,
        )  # fmt: skip
    await db.execute(
        'INSERT INTO user_values (robot, "user", name, value)'
        ' SELECT robot, $1, name, value FROM user_values WHERE "user" = $2 ON CONFLICT DO NOTHING',
        stays, goes,
    )  # fmt: skip
    await db.execute('DELETE FROM user_values WHERE "user" = $1', goes)


async def identify(db: asyncpg.Connection, whats: Sequence[tuple[str, str, str, float]]) -> list[bool]:
    """Sessions (connector, session) that are nobody's become a person's, with what was kept for each alone; false for one
    that is another's, or not there."""
    return [await _identify(db, *what) for what in whats]


async def _identify(db: asyncpg.Connection, connector: str, session: str, user: str, at: float) -> bool:
    found: str | None = await db.fetchval(
        'SELECT "user" FROM sessions WHERE session = $1 AND connector = $2', session, connector
    )
    own = f"{connector}/{session}"
    if found is None or found == user:
        return found is not None
    persons = await persons_of(db, {own, user})
    if found not in ("", own) or persons[own] not in (own, persons[user]):
        return False
    await db.execute(
        'UPDATE sessions SET "user" = $1 WHERE session = $2 AND connector = $3', user, session, connector
    )
    await join(db, [(user, own, at)])
    return True


async def prove(db: asyncpg.Connection, name: str, user: str, at: float) -> None:
    """A name is from now on that of a person, and nobody else's. Nothing is merged: a phone may have had another owner."""
    await db.execute(
        "INSERT INTO identities (identity, person, at) VALUES ($1, $2, $3)"
        " ON CONFLICT (identity) DO UPDATE SET person = excluded.person, at = excluded.at",
        name, (await persons_of(db, [user]))[user], at,
    )  # fmt: skip


async def user_values(db: asyncpg.Connection, robot: str, user: str) -> Mapping[str, Any]:
    rows = await db.fetch(
        "SELECT name, value FROM user_values WHERE robot = $1"
        ' AND "user" = coalesce((SELECT person FROM identities WHERE identity = $2), $2)',
        robot,
        user,
    )
    return {name: msgspec.json.decode(value) for name, value in rows}


async def names(db: asyncpg.Connection, user: str) -> list[str]:
    person = (await persons_of(db, [user]))[user]
    found = await db.fetch("SELECT identity FROM identities WHERE person = $1 ORDER BY at, identity", person)
    return list(dict.fromkeys([person, *(name for (name,) in found)]))


async def conversations_of(db: asyncpg.Connection, robot: str, user: str) -> list[SessionRow]:
    rows = await db.fetch(
        f'SELECT {_COLUMNS} FROM sessions WHERE "user" = ANY($1::text[]) AND "user" <> \'\' AND robot = $2'  # noqa: S608
        " ORDER BY touched DESC, id DESC",
        await names(db, user),
        robot,
    )
    return [SessionRow(*row) for row in rows]


async def people_of_phone(db: asyncpg.Connection, robot: str, phone: str) -> list[str]:
    proved: str | None = await db.fetchval(
        "SELECT person FROM identities WHERE identity = $1", f"phone:{phone}"
    )
    if proved:
        return [proved]
    rows = await db.fetch(
        'SELECT DISTINCT "user" FROM user_values WHERE robot = $1 AND value = $2'
        r" AND value >= '\x222b'::bytea AND value < '\x222c'::bytea AND length(value) < 20"
        ' ORDER BY "user"',
        robot,
        msgspec.json.encode(phone),
    )
    return [user for (user,) in rows]
