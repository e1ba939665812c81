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
from ses.gateway.v1.doors import Door, OneToken, OpenDoor, UsersDoor
from ses.gateway.v1.exchange import Exchanges
from ses.gateway.v1.faults import flat_faults
from ses.gateway.v1.serving import Serving
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
        serving = Serving(engine, max_n=settings.max_n, journaled=ledger.journaled)
        self._v1 = V1Api(serving, exchanges, began=int(clock.now()))
        self._users = UsersApi(ledger.users, Attempts(clock), trusted_proxies=trusted)

    def operations(self) -> list[Operation]:
        return self._v1.operations() + self._users.operations()

    def faults(self) -> Middleware:
        return flat_faults(PATHS)


def _door(config: Config, users: Users | None) -> Door:
    if users is not None:
        return UsersDoor(users)
    token = config.gateway.token
    return OneToken(token.get_secret_value()) if token is not None else OpenDoor()
