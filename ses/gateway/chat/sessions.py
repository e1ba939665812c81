"""Who signed in by the code: sessions that the server holds and a cookie that no script can read."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256

from aiohttp import web
from cachetools import TTLCache

from ses.clock import Clock

COOKIE = "ses_chat"
IDLE = 30 * 86_400.0
"""Seconds after which a session that is not used ends. All end with the daemon."""
MOST = 10_000
"""Sessions at once; the one that was not used for longest ends first."""


class CodeSessions:
    def __init__(self, codes: Sequence[str], clock: Clock, most: int = MOST) -> None:
        self._codes = tuple(sha256(code.encode()).digest() for code in codes)
        self._open: TTLCache[bytes, None] = TTLCache(most, IDLE, timer=clock.monotonic)
        """By SHA-256 of a session's secret; whoever uses one puts it in anew."""

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
        self._open[sha256(secret.encode()).digest()] = None
        return secret

    def holds(self, request: web.Request) -> bool:
        """Whether the request belongs to a session; its use is noted."""
        key = _key(request)
        if key not in self._open:
            return False
        self._open[key] = None
        return True

    def end(self, request: web.Request) -> None:
        self._open.pop(_key(request), None)


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
