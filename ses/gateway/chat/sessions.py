"""Who signed in by the code: sessions that the server holds and a cookie that no script can read."""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256

from aiohttp import web

from ses.clock import Clock

COOKIE = "ses_chat"
IDLE = 30 * 86_400.0
"""Seconds after which a session that is not used ends. All end with the daemon."""
MOST = 10_000
"""Sessions at once; the one that was not used for longest ends first."""


class CodeSessions:
    def __init__(self, codes: Sequence[str], clock: Clock) -> None:
        self._codes = tuple(sha256(code.encode()).digest() for code in codes)
        self._clock = clock
        self._used: OrderedDict[bytes, float] = OrderedDict()
        """SHA-256 of a session's secret → when it was last used."""

    @property
    def possible(self) -> bool:
        """Whether there is a code at all."""
        return bool(self._codes)

    def begin(self, code: str) -> str | None:
        """The secret of a new session; none for a wrong code."""
        digest = sha256(code.encode("utf-8", "surrogateescape")).digest()
        right = False
        for one in self._codes:  # all of them, so that the time tells nothing
            right |= hmac.compare_digest(digest, one)
        if not right:
            return None
        secret = secrets.token_urlsafe(32)
        self._used[sha256(secret.encode()).digest()] = self._clock.monotonic()
        if len(self._used) > MOST:
            self._used.popitem(last=False)
        return secret

    def holds(self, request: web.Request) -> bool:
        """Whether the request belongs to a session; its use is noted."""
        key = _key(request)
        used = self._used.pop(key, None)
        now = self._clock.monotonic()
        if used is None or now - used > IDLE:
            return False
        self._used[key] = now
        return True

    def end(self, request: web.Request) -> None:
        self._used.pop(_key(request), None)


def set_cookie(request: web.Request, response: web.Response, secret: str | None) -> None:
    """Give the browser a session's secret, or take it away.

    Without a path the cookie is for the folder it comes from, which a proxy may have put anywhere. `X-Forwarded-Proto` is
    believed from everybody: who forges it locks out only himself.
    """
    secure = request.secure or request.headers.get("X-Forwarded-Proto", "") == "https"
    life = f"Max-Age={IDLE:.0f}" if secret is not None else "Max-Age=0"
    flags = f"{life}; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}"
    response.headers.add("Set-Cookie", f"{COOKIE}={secret or ''}; {flags}")


def _key(request: web.Request) -> bytes:
    return sha256(request.cookies.get(COOKIE, "").encode("utf-8", "surrogateescape")).digest()
