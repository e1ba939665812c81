"""Who may use the page's `/v1`: whoever may use the daemon's, and who signed in by the code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from ses.gateway.chat.sessions import CodeSessions
from ses.gateway.v1.auth import Authenticator, Principal, bearer_token, check_page
from ses.gateway.v1.errors import V1Error

CodePrincipal = Callable[[], Awaitable[Principal]]
"""As whom those come in who have the code. Raises `V1Error`."""


class ChatAuth:
    """A token that is shown is looked at first, so that nobody is somebody else than he says."""

    def __init__(self, sessions: CodeSessions, tokens: Authenticator, code_principal: CodePrincipal) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._code_principal = code_principal

    async def authenticate(self, request: web.Request) -> Principal:
        check_page(request)
        if not bearer_token(request) and self._sessions.holds(request):
            return await self._code_principal()
        return await self._tokens.authenticate(request)


def key_refused() -> V1Error:
    """The code was right; the administrator has to do something."""
    return V1Error(403, "the key that the server keeps for the chat page (gateway.chat.key) is not valid")
