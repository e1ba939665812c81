"""Who may use `/v1`: programs on this machine, who has the one token, or users of the ledger."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Protocol

import msgspec
from aiohttp import web

from ses.gateway.http.access import check_browser, is_local
from ses.gateway.http.envelope import ApiError
from ses.gateway.v1.errors import V1Error, unavailable, wrong_token
from ses.ledger.contract import LedgerDown, User, Users


class Principal(msgspec.Struct, frozen=True):
    """Somebody who has been let in."""

    user: User | None = None
    """None where nobody is told from anybody."""
    token: str = ""

    @property
    def name(self) -> str | None:
        return self.user.email if self.user is not None else None


NOBODY = Principal()


class Authenticator(Protocol):
    async def authenticate(self, request: web.Request) -> Principal:
        """Raises `V1Error`: 401, 403, or 503 when tokens cannot be looked up."""
        ...


class LocalOnlyAuth:
    """No token is configured: programs on this machine come in, others do not."""

    async def authenticate(self, request: web.Request) -> Principal:
        check_page(request)
        if not is_local(request):
            raise V1Error(403)
        return NOBODY


class SingleTokenAuth:
    """One token for all."""

    def __init__(self, token: str) -> None:
        self._digest = sha256(token.encode()).digest()

    async def authenticate(self, request: web.Request) -> Principal:
        check_page(request)
        digest = sha256(bearer_token(request).encode("utf-8", "surrogateescape")).digest()
        if not hmac.compare_digest(digest, self._digest):
            raise wrong_token()
        return NOBODY


class UserTokenAuth:
    """Each user has tokens of his own."""

    def __init__(self, users: Users) -> None:
        self._users = users

    async def authenticate(self, request: web.Request) -> Principal:
        check_page(request)
        token = bearer_token(request)
        try:
            user = await self._users.by_token(token) if token else None
        except LedgerDown:
            raise unavailable() from None
        if user is None:
            raise wrong_token()
        return Principal(user, token)


def bearer_token(request: web.Request) -> str:
    """The bearer token of a request, or nothing."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.casefold() == "bearer" else ""


def check_page(request: web.Request) -> None:
    """Raises 403 for what a page of another site makes a browser send."""
    try:
        check_browser(request)
    except ApiError as error:
        raise V1Error(error.status) from None
