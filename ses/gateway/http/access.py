"""Who may use the API: keys with scopes, or, when none are configured, programs on this machine only."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from aiohttp import web

from ses.gateway.http.envelope import ApiError

Scope = Literal["ask", "read", "send", "admin"]

FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded")
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of `auth.keys`, its secret only as a hash."""

    name: str
    digest: bytes
    """SHA-256 of the key."""
    scopes: frozenset[str]
    robots: frozenset[str] = frozenset()
    """Robots it may be used for; empty: all."""

    @classmethod
    def of(cls, name: str, secret: str, scopes: Sequence[str], robots: Sequence[str] = ()) -> Key:
        return cls(name, sha256(secret.encode()).digest(), frozenset(scopes), frozenset(robots))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, and what he may do."""

    name: str
    """The key's name; `local` without keys. Never the key."""
    scopes: frozenset[str]
    robots: frozenset[str] = field(default_factory=frozenset)

    def may(self, scope: Scope) -> bool:
        """`admin` may do everything."""
        return scope in self.scopes or "admin" in self.scopes

    def sees(self, robot: str) -> bool:
        return not self.robots or robot in self.robots

    def check_robot(self, robot: str) -> None:
        """Raises 403 for a robot that the key is not bound to."""
        if not self.sees(robot):
            raise ApiError(403, f"this key is not for the robot {robot[:60]}")


EVERYBODY = Caller("local", frozenset({"admin"}))
ANONYMOUS = Caller("anonymous", frozenset())


class Access:
    """Decides on each request. `keys` is none when the configuration has no `auth`."""

    def __init__(self, keys: Mapping[str, Key] | None) -> None:
        self._keys: tuple[Key, ...] | None = None
        self.replace(keys)

    def replace(self, keys: Mapping[str, Key] | None) -> None:
        """From now on these keys."""
        self._keys = None if keys is None else tuple(keys.values())

    def caller(self, request: web.Request, scope: Scope | None, *, local: bool = False) -> Caller:
        """The caller, who may do `scope` (none: anybody may). `local`: a program on this machine needs no key.

        Raises 403 without authority, 421 for a `Host` that is not this machine when no keys protect it.
        """
        if self._keys is None:
            check_nothing_between(request)
            return EVERYBODY
        if scope is None:
            return ANONYMOUS
        key = self._key_of(request)
        if key is None:
            if local and is_local(request):
                return ANONYMOUS
            raise ApiError(
                403,
                "a key is needed: send it as `X-API-Key: KEY` or `Authorization: Bearer KEY`",
                {"WWW-Authenticate": "Bearer"},
            )
        caller = Caller(key.name, key.scopes, key.robots)
        if not caller.may(scope):
            raise ApiError(403, f"this key lacks the scope `{scope}`")
        return caller

    def _key_of(self, request: web.Request) -> Key | None:
        secret = request.headers.get("X-API-Key", "")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not secret and scheme.casefold() == "bearer":
            secret = token.strip()
        digest = sha256(secret.encode("utf-8", "surrogateescape")).digest()
        found = None
        for key in self._keys or ():  # all of them, so that the time tells nothing
            if hmac.compare_digest(digest, key.digest):
                found = key
        return found if secret else None


def check_nothing_between(request: web.Request) -> None:
    """Without keys the API is for this machine alone: no proxy before it, no foreign name for it."""
    for header in FORWARDED:
        if header in request.headers:
            raise ApiError(
                403,
                f"requests that came through a proxy ({header}) need a key; configure `auth` to serve them",
            )
    if not _local_host(request):
        raise ApiError(
            421, "without `auth` the API answers only to local names such as 127.0.0.1 and localhost"
        )


def check_browser(request: web.Request, *, page: bool = False) -> None:
    """Refuse what a foreign web page makes a browser send. `page`: following a link to it is harmless."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc.casefold() != request.host.casefold():
        raise ApiError(403, "pages of other sites may not use this API from a browser")
    if request.headers.get("Sec-Fetch-Site", "").casefold() == "cross-site":
        followed = request.headers.get("Sec-Fetch-Mode", "") == "navigate" and request.method == "GET"
        if not (page and followed):
            raise ApiError(403, "pages of other sites may not use this API from a browser")


def is_local(request: web.Request) -> bool:
    """From this machine, addressed as this machine, with nothing in between."""
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    return (
        isinstance(peer, tuple)
        and ip_address(peer[0].partition("%")[0]).is_loopback
        and _local_host(request)
        and not any(header in request.headers for header in FORWARDED)
    )


def _local_host(request: web.Request) -> bool:
    try:
        return (urlsplit(f"//{request.host}").hostname or "") in LOCAL_NAMES
    except ValueError:
        return False
