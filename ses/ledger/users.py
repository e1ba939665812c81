"""Users and their tokens in a database. A token is stored as its SHA-256, a password as its argon2."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

from cachetools import TTLCache
from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ses.clock import Clock
from ses.ledger.contract import EmailTaken, LastPrivileged, Removed, User
from ses.ledger.database import Database
from ses.ledger.passwords import Passwords
from ses.ledger.tables import user_tables

CACHE_TTL = 60.0
"""Seconds an answer about a token is believed without asking again, also while the database is down."""
CACHE_SIZE = 10_000
MOST_TOKENS = 10
"""Tokens of `log_in` that a user may have; the oldest dies."""


class SqlUsers:
    """Implements `ses.ledger.contract.Users`."""

    def __init__(self, database: Database, table: str, clock: Clock) -> None:
        self._database = database
        self._tables = user_tables(table)
        self._clock = clock
        self._passwords = Passwords()
        self._by_digest: TTLCache[str, User] = TTLCache(CACHE_SIZE, CACHE_TTL, timer=clock.monotonic)
        """Whose a token is, by its digest."""
        self._changing = asyncio.Lock()

    def close(self) -> None:
        self._passwords.close()

    async def by_token(self, token: str) -> User | None:
        digest = digest_of(token)
        user = self._by_digest.get(digest)
        if user is None:
            tokens, users = self._tables.tokens, self._tables.users
            rows = self._whole().join(tokens, tokens.c.user_id == users.c.id).where(tokens.c.digest == digest)
            async with self._database.transaction() as connection:
                row = (await connection.execute(rows)).first()
            if row is None:
                return None
            user = self._by_digest[digest] = _user(row)
        return None if user.disabled or user.expiration_date < self._today() else user

    async def log_in(self, email: str, password: str) -> str | None:
        users, tokens = self._tables.users, self._tables.tokens
        async with self._database.transaction() as connection:
            row = (await connection.execute(self._whole().where(users.c.email == email))).first()
        good = await self._passwords.fits(password, row.password if row is not None else None)
        if not good or row is None or row.disabled or row.expiration_date < self._today():
            return None
        token = token_urlsafe(32)
        async with self._changing, self._database.transaction() as connection:
            await self._add_token(connection, row.id, token, own=False)
            older = select(tokens.c.id).where(tokens.c.user_id == row.id, tokens.c.own.is_(False))
            kept = older.order_by(tokens.c.id.desc()).limit(MOST_TOKENS)
            ids = [found.id for found in await connection.execute(kept)]
            await connection.execute(
                delete(tokens).where(
                    tokens.c.user_id == row.id, tokens.c.own.is_(False), tokens.c.id.not_in(ids)
                )
            )
            self._by_digest.clear()
        return token

    async def find(self, email: str) -> User | None:
        async with self._database.transaction() as connection:
            row = (await connection.execute(self._whole().where(self._tables.users.c.email == email))).first()
        return None if row is None else _user(row)

    async def create(self, email: str, password: str, *, days: int, privileged: bool) -> tuple[str, User]:
        try:
            last_day = self._today() + timedelta(days=days)
        except OverflowError:
            raise ValueError("no date is so far away") from None
        hashed = await self._passwords.hashed(password)
        token = token_urlsafe(32)
        fields = {
            "email": email,
            "password": hashed,
            "privileged": privileged,
            "disabled": False,
            "expiration_date": last_day,
            "created_at": self._now(),
        }
        try:
            async with self._changing, self._database.transaction() as connection:
                users = self._tables.users
                added = await connection.execute(insert(users).values(**fields).returning(users.c.id))
                await self._add_token(connection, added.scalar_one(), token, own=True)
        except IntegrityError:
            raise EmailTaken(f'The user "{email}" already exists.') from None
        return token, User(email, last_day, disabled=False, privileged=privileged, shown=shown(token))

    async def disable(self, *, email: str | None = None, token: str | None = None) -> list[Removed]:
        return await self._change(self._named(email, token), remove=False, refuse=True)

    async def delete(self, *, email: str | None = None, token: str | None = None) -> list[Removed]:
        return await self._change(self._named(email, token), remove=True, refuse=True)

    async def disable_expired(self) -> list[Removed]:
        users = self._tables.users
        expired = self._whole().where(users.c.expiration_date < self._today(), users.c.disabled.is_(False))
        return await self._change(expired, remove=False, refuse=False)

    async def delete_disabled(self) -> list[Removed]:
        disabled = self._whole().where(self._tables.users.c.disabled.is_(True))
        return await self._change(disabled, remove=True, refuse=False)

    async def _change(self, rows: Select[Any], *, remove: bool, refuse: bool) -> list[Removed]:
        """Delete or disable these users; the last one who may administer is refused or left out."""
        users, tokens = self._tables.users, self._tables.tokens
        async with self._changing, self._database.transaction() as connection:
            found: Sequence[Any] = (await connection.execute(rows.order_by(users.c.id))).all()
            ids = {row.id for row in found}
            able = select(users.c.id).where(
                users.c.privileged.is_(True),
                users.c.disabled.is_(False),
                users.c.expiration_date >= self._today(),
            )
            able_ids = [row.id for row in await connection.execute(able.with_for_update())]
            if any(row.privileged for row in found) and not [id for id in able_ids if id not in ids]:
                if refuse:
                    raise LastPrivileged("the last privileged user stays")
                found = [row for row in found if not row.privileged]
            removed = [Removed(row.email, row.shown) for row in found]
            ids = {row.id for row in found}
            if remove:
                await connection.execute(delete(tokens).where(tokens.c.user_id.in_(ids)))
                await connection.execute(delete(users).where(users.c.id.in_(ids)))
            else:
                await connection.execute(update(users).where(users.c.id.in_(ids)).values(disabled=True))
        self._by_digest.clear()
        return removed

    def _named(self, email: str | None, token: str | None) -> Select[Any]:
        users, tokens = self._tables.users, self._tables.tokens
        if token is None:
            return self._whole().where(users.c.email == email)
        return (
            self._whole()
            .join(tokens, tokens.c.user_id == users.c.id)
            .where(tokens.c.digest == digest_of(token))
        )

    def _whole(self) -> Select[Any]:
        """Users with the end of the token each was created with."""
        users, tokens = self._tables.users, self._tables.tokens.alias("own_tokens")
        own = select(tokens.c.shown).where(tokens.c.user_id == users.c.id, tokens.c.own.is_(True))
        return select(users, own.limit(1).scalar_subquery().label("shown"))

    async def _add_token(self, connection: AsyncConnection, user: int, token: str, *, own: bool) -> None:
        fields = {
            "user_id": user,
            "digest": digest_of(token),
            "shown": shown(token),
            "own": own,
            "created_at": self._now(),
        }
        await connection.execute(insert(self._tables.tokens).values(**fields))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC).replace(tzinfo=None)

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock.now(), UTC).date()


def digest_of(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def shown(token: str) -> str:
    """A token as others may see it."""
    return f"…{token[-4:]}"


def _user(row: Any) -> User:
    return User(
        row.email,
        row.expiration_date,
        disabled=row.disabled,
        privileged=row.privileged,
        shown=row.shown or "",
    )
