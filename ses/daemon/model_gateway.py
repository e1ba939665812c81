"""Joins what `/v1` is made of: callers, engine, users, journal."""

from __future__ import annotations

from ipaddress import ip_network

from aiohttp.typedefs import Middleware

from ses.clock import Clock
from ses.config import Config
from ses.gateway.operation import Operation
from ses.gateway.v1.api import V1Api
from ses.gateway.v1.doors import Door, OneToken, OpenDoor
from ses.gateway.v1.exchange import Exchanges
from ses.gateway.v1.faults import flat_faults
from ses.gateway.v1.serving import Serving
from ses.ledger.contract import Silence
from ses.llm.contract import Engine


class ModelGateway:
    """The language model's API, as the configuration wants it."""

    def __init__(self, config: Config, engine: Engine, clock: Clock) -> None:
        settings = config.gateway
        self._door: Door = (
            OneToken(settings.token.get_secret_value()) if settings.token is not None else OpenDoor()
        )
        exchanges = Exchanges(
            self._door,
            Silence(),
            clock,
            body_limit=settings.body,
            trusted_proxies=tuple(ip_network(network) for network in config.trusted_proxies),
            journaled=False,
        )
        self._v1 = V1Api(Serving(engine, max_n=settings.max_n), exchanges, began=int(clock.now()))

    def operations(self) -> list[Operation]:
        return self._v1.operations()

    def faults(self) -> Middleware:
        return flat_faults(())
