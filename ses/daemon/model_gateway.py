"""Joins what `/v1` is made of: callers, engine, users, journal."""

from __future__ import annotations

from ipaddress import ip_network

from aiohttp.typedefs import Middleware

from ses.clock import Clock
from ses.config import Config
from ses.daemon.ledger import Ledger
from ses.gateway.operation import Operation
from ses.gateway.users.api import PATHS, UsersApi
from ses.gateway.users.attempts import Attempts
from ses.gateway.v1.api import V1Api
from ses.gateway.v1.censor import HttpCensor
from ses.gateway.v1.doors import Door, OneToken, OpenDoor, UsersDoor
from ses.gateway.v1.exchange import Exchanges
from ses.gateway.v1.faults import flat_faults
from ses.gateway.v1.serving import Serving, never
from ses.gateway.v1.waiting import EngineWait
from ses.ledger.contract import Users
from ses.llm.contract import Engine


class ModelGateway:
    """The language model's API, as the configuration wants it."""

    def __init__(self, config: Config, engine: Engine, ledger: Ledger, clock: Clock) -> None:
        settings = config.gateway
        trusted = tuple(ip_network(network) for network in config.trusted_proxies)
        exchanges = Exchanges(
            _door(config, ledger.users),
            ledger.journal,
            clock,
            body_limit=settings.body,
            trusted_proxies=trusted,
            journaled=ledger.journaled,
        )
        address = config.llm.censor if config.llm is not None else None
        self._censor = HttpCensor(address) if address is not None else None
        wait = settings.wait
        self._wait = EngineWait(engine, wait.attempts, wait.timeout) if wait is not None else None
        serving = Serving(
            engine,
            max_n=settings.max_n,
            censor=self._censor,
            waiting=self._wait or never,
            journaled=ledger.journaled,
        )
        self._v1 = V1Api(serving, exchanges, began=int(clock.now()))
        self._users = UsersApi(ledger.users, Attempts(clock), trusted_proxies=trusted)

    def start(self) -> None:
        if self._wait is not None:
            self._wait.start()

    async def stop(self) -> None:
        if self._wait is not None:
            await self._wait.stop()
        if self._censor is not None:
            await self._censor.close()

    def operations(self) -> list[Operation]:
        return self._v1.operations() + self._users.operations()

    def faults(self) -> Middleware:
        return flat_faults(PATHS)


def _door(config: Config, users: Users | None) -> Door:
    if users is not None:
        return UsersDoor(users)
    token = config.gateway.token
    return OneToken(token.get_secret_value()) if token is not None else OpenDoor()
