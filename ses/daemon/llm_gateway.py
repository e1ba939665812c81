"""The language model's gateway: `/v1` with its callers, engine, users and journal, and the page to talk to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from ipaddress import ip_network
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.typedefs import Middleware

from ses.clock import Clock
from ses.config import Config
from ses.daemon.ledger import Ledger
from ses.gateway.http.operation import Call, Operation
from ses.gateway.v1.faults import flat_faults
from ses.gateway.v1.routes import CHAT, USERS, USERS_PATHS, V1
from ses.llm.contract import Engine

if TYPE_CHECKING:
    from ses.gateway.chat.relay import Relay
    from ses.gateway.v1.auth import Authenticator
    from ses.gateway.v1.censor import HttpCensor
    from ses.gateway.v1.startup_gate import StartupGate


class LlmGateway:
    """The language model's API and the page to talk to it, as the configuration wants them.

    A daemon that has neither model nor callers of its own does not carry it: it is made when the first request comes, to say
    what it has to say.
    """

    def __init__(self, config: Config, engine: Engine, ledger: Ledger, clock: Clock) -> None:
        self._config = config
        self._engine = engine
        self._ledger = ledger
        self._clock = clock
        self._began = int(clock.now())
        self._censor: HttpCensor | None = None
        self._wait: StartupGate | None = None
        self._relay: Relay | None = None
        self._made: dict[tuple[str, str], Operation] = {}
        gateway = config.gateway
        if config.llm is not None or gateway.users or gateway.token or gateway.journal or gateway.wait:
            self._make()

    def start(self) -> None:
        if self._wait is not None:
            self._wait.start()

    async def stop(self) -> None:
        if self._wait is not None:
            await self._wait.stop()
        if self._censor is not None:
            await self._censor.close()
        if self._relay is not None:
            await self._relay.close()

    def operations(self) -> list[Operation]:
        if self._made:
            return list(self._made.values())
        return [
            Operation(
                method=method,
                path=path,
                summary=path,
                handler=self._making(method, path),
                scope=None,
                own_rules=True,
                in_full=partial(self._operation, method, path),
            )
            for method, path in V1 + USERS + CHAT
        ]

    def faults(self) -> Middleware:
        return flat_faults(USERS_PATHS)

    def _operation(self, method: str, path: str) -> Operation:
        if not self._made:
            self._make()
        return self._made[method, path]

    def _making(self, method: str, path: str) -> Callable[[Call], Awaitable[web.StreamResponse]]:
        async def handle(call: Call) -> web.StreamResponse:
            operation = self._made.get((method, path))
            if operation is None:
                operation = await asyncio.to_thread(self._operation, method, path)
            return await operation.handler(call)

        return handle

    def _make(self) -> None:
        from ses.daemon.chat_page import ChatPage
        from ses.gateway.http.login_rate_limit import LoginRateLimit
        from ses.gateway.users.api import UsersApi
        from ses.gateway.v1.api import V1Api
        from ses.gateway.v1.censor import HttpCensor
        from ses.gateway.v1.handler import V1Handler
        from ses.gateway.v1.serving import Serving, never
        from ses.gateway.v1.startup_gate import StartupGate

        settings, ledger = self._config.gateway, self._ledger
        trusted = tuple(ip_network(network) for network in self._config.trusted_proxies)
        address = self._config.llm.censor if self._config.llm is not None else None
        self._censor = HttpCensor(address) if address is not None else None
        wait = settings.wait
        if wait is not None:
            self._wait = StartupGate(self._engine, wait.attempts, wait.timeout, self._clock)
        handler = V1Handler(
            self._authenticator(),
            ledger.journal,
            self._clock,
            body_limit=settings.body,
            trusted_proxies=trusted,
            journaled=ledger.journaled,
        )
        serving = Serving(
            self._engine,
            max_n=settings.max_n,
            censor=self._censor,
            waiting=self._wait or never,
            journaled=ledger.journaled,
        )
        limit = LoginRateLimit(self._clock)
        page = ChatPage(
            self._config,
            self._engine,
            ledger,
            self._clock,
            censor=self._censor,
            waiting=self._wait or never,
            authenticator=self._authenticator(),
            began=self._began,
        )
        self._relay = page.relay
        operations = [
            *V1Api(serving, handler, began=self._began).operations(),
            *UsersApi(ledger.users, limit, trusted_proxies=trusted).operations(),
            *page.operations(limit),
        ]
        self._made = {(operation.method, operation.path): operation for operation in operations}

    def _authenticator(self) -> Authenticator:
        from ses.gateway.v1.auth import LocalOnlyAuth, SingleTokenAuth, UserTokenAuth

        if self._ledger.users is not None:
            return UserTokenAuth(self._ledger.users)
        token = self._config.gateway.token
        return SingleTokenAuth(token.get_secret_value()) if token is not None else LocalOnlyAuth()
