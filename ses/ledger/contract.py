"""What the gateway asks of its ledger, and the values that travel between them."""

from __future__ import annotations

from datetime import date
from typing import Protocol

import msgspec

from ses.errors import SesError


class LedgerDown(SesError):
    """The database does not answer."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One request in the journal. Times are seconds since 1970."""

    user: str
    """The sender's address."""
    username: str | None
    """Where users are known: the e-mail address."""
    type: str
    """`POST /v1/chat/completions`"""
    request: str | None
    """The body as it came."""
    request_dt: float
    response: str | None
    """The body that went out; of a stream what the plain answer would have been."""
    response_dt: float
    status_code: int
    """499: the client went away before the end."""


class Journal(Protocol):
    def write(self, entry: Entry) -> None:
        """Keep this; it never waits and never fails."""
        ...


class NoJournal:
    """No journal."""

    def write(self, entry: Entry) -> None:
        del entry


class User(msgspec.Struct, frozen=True):
    """A user as the gateway sees him."""

    email: str
    expiration_date: date
    """The last day on which he may come in, UTC."""
    disabled: bool
    privileged: bool
    shown: str
    """The end of the token he was created with, as it may be shown: `…1a2b`."""


class Removed(msgspec.Struct, frozen=True):
    """What a change of several users has done to one."""

    email: str
    shown: str


class EmailTaken(SesError):
    """A user with this address exists."""


class LastPrivileged(SesError):
    """Nobody could administer after this."""


class TooBusy(SesError):
    """Too many passwords wait to be checked."""


class Users(Protocol):
    """Accounts and their tokens. Every method may raise `LedgerDown`."""

    async def by_token(self, token: str) -> User | None:
        """None for a wrong token and for a disabled or expired user. Answers are remembered for at most a minute."""
        ...

    async def log_in(self, email: str, password: str) -> str | None:
        """A new token, none for a wrong login. Raises `TooBusy`."""
        ...

    async def find(self, email: str) -> User | None: ...

    async def create(self, email: str, password: str, *, days: int, privileged: bool) -> tuple[str, User]:
        """The new user's token, which is told only here. Raises `EmailTaken`, `TooBusy`, and `ValueError` for days that lead
        to no date."""
        ...

    async def disable(self, *, email: str | None = None, token: str | None = None) -> list[Removed]:
        """Raises `LastPrivileged`."""
        ...

    async def delete(self, *, email: str | None = None, token: str | None = None) -> list[Removed]:
        """Raises `LastPrivileged`."""
        ...

    async def disable_expired(self) -> list[Removed]:
        """All but the last privileged user."""
        ...

    async def delete_disabled(self) -> list[Removed]:
        """All but the last privileged user."""
        ...
