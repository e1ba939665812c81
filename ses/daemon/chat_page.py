"""The page at `/chat`, made as the configuration wants it."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_network
from urllib.parse import urlsplit

from aiohttp import web

from ses.clock import Clock
from ses.config import Config
from ses.daemon.factories import own_origins
from ses.daemon.ledger import Ledger
from ses.gateway.chat.api import ChatApi, ChatRules
from ses.gateway.chat.auth import ChatAuth, key_refused
from ses.gateway.chat.model_allow_list import ModelAllowList
from ses.gateway.chat.page import NO_MODEL, THIS_MACHINE_ONLY, Pages, Trouble
from ses.gateway.chat.relay import Relay
from ses.gateway.chat.sessions import CodeSessions
from ses.gateway.http.access import is_local
from ses.gateway.http.login_rate_limit import LoginRateLimit
from ses.gateway.http.operation import Operation
from ses.gateway.v1.api import V1Api, operation_of
from ses.gateway.v1.auth import NOBODY, Authenticator, Principal
from ses.gateway.v1.censor import Censor
from ses.gateway.v1.errors import unavailable
from ses.gateway.v1.handler import V1Handler
from ses.gateway.v1.requests import ChatCompletionBody
from ses.gateway.v1.serving import Serving, Waiting
from ses.ledger.contract import LedgerDown, NoJournal
from ses.llm.contract import Engine

BELOW = "/chat"
USED = ("/v1/models", "/v1/chat/completions")
"""Of `/v1`, what the page needs."""


class ChatPage:
    """`authenticator` is that of the daemon's own `/v1`."""

    def __init__(
        self,
        config: Config,
        engine: Engine,
        ledger: Ledger,
        clock: Clock,
        *,
        censor: Censor | None,
        waiting: Waiting,
        authenticator: Authenticator,
        began: int,
    ) -> None:
        chat = config.gateway.chat
        self._config = config
        self._ledger = ledger
        self._clock = clock
        self._allow_list = ModelAllowList(chat.rules)
        self._sessions = CodeSessions(chat.codes, clock)
        self._key = chat.key.get_secret_value() if chat.key is not None else ""
        self._trusted = tuple(ip_network(network) for network in config.trusted_proxies)
        self.relay = (
            Relay(chat.url, self._key, self._allow_list, clock) if chat.url and not _is_own(config) else None
        )
        self._serving = Serving(
            engine,
            max_n=config.gateway.max_n,
            censor=censor,
            waiting=waiting,
            journaled=ledger.journaled,
            narrowed=self._allow_list.chat_models,
        )
        self._authenticator = authenticator
        self._began = began

    def operations(self, limit: LoginRateLimit) -> list[Operation]:
        """`limit` is that of `/token`, so that nobody has twice as many attempts."""
        config = self._config
        rules = ChatRules(
            ways=self._login_methods(),
            everybody=self._everybody,
            trouble=self._trouble,
            allow_list=self._allow_list,
            default=config.gateway.chat.default,
            trusted_proxies=self._trusted,
        )
        return ChatApi(rules, Pages(), self._sessions, limit, self._model()).operations()

    def _model(self) -> Sequence[Operation]:
        if (relay := self.relay) is not None:
            # Those who keep a journal of it are its own people.
            handler = V1Handler(
                ChatAuth(self._sessions, relay, relay.code_principal),
                NoJournal(),
                self._clock,
                body_limit=self._config.gateway.body,
                journaled=False,
            )
            found = [
                operation_of(handler, "GET", "/v1/models", "The models the page offers", relay.models),
                operation_of(
                    handler,
                    "POST",
                    "/v1/chat/completions",
                    "Go on with a conversation, elsewhere",
                    relay.chat,
                    body=ChatCompletionBody,
                ),
            ]
        else:
            handler = V1Handler(
                ChatAuth(self._sessions, self._authenticator, self._code_principal),
                self._ledger.journal,
                self._clock,
                body_limit=self._config.gateway.body,
                trusted_proxies=self._trusted,
                journaled=self._ledger.journaled,
                below=BELOW,
            )
            found = V1Api(self._serving, handler, began=self._began).operations()
        return [replace(one, path=f"{BELOW}{one.path}", tag="chat") for one in found if one.path in USED]

    async def _code_principal(self) -> Principal:
        """Who has the code comes in as the owner of the server's key, or as nobody in particular."""
        if not self._key:
            return NOBODY
        if (users := self._ledger.users) is not None:
            try:
                user = await users.by_token(self._key)
            except LedgerDown:
                raise unavailable() from None
            if user is None:
                raise key_refused()
            return Principal(user, self._key)
        token = self._config.gateway.token
        if token is not None and not hmac.compare_digest(token.get_secret_value(), self._key):
            raise key_refused()
        return NOBODY

    @property
    def _open(self) -> bool:
        """The daemon's own model asks for no token."""
        return self.relay is None and self._ledger.users is None and self._config.gateway.token is None

    def _login_methods(self) -> list[str]:
        methods = ["code"] if self._sessions.possible else []
        if self.relay is None and self._ledger.users is not None:
            methods.append("password")
        return methods if self._open else [*methods, "token"]

    def _everybody(self, request: web.Request) -> bool:
        return (self._open or self.relay is not None) and is_local(request)

    def _trouble(self, request: web.Request) -> Trouble | None:
        if self.relay is None and self._config.llm is None:
            return NO_MODEL
        shut = self._open and not self._sessions.possible and not is_local(request)
        return THIS_MACHINE_ONLY if shut else None


def _is_own(config: Config) -> bool:
    """Whether `gateway.chat.url` leads to this daemon."""
    url = urlsplit(config.gateway.chat.url or "")
    port = url.port or (443 if url.scheme == "https" else 80)
    return ((url.hostname or "").casefold(), port) in own_origins(config)
