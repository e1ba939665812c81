"""The daemon's listeners and everything that is served on them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from ses.clock import Clock
from ses.config import Config
from ses.connectors.contract import Recording
from ses.connectors.web.connector import WebConnector
from ses.connectors.web.routes import WebRoutes
from ses.connectors.webhooks import WebhookRoutes
from ses.conversations.conversations import Conversations
from ses.conversations.lifecycle.robots import Robots
from ses.daemon import factories
from ses.daemon.channels import Channels
from ses.daemon.llm_gateway import LlmGateway
from ses.gateway.api.ask import AskApi
from ses.gateway.api.connectors import ConnectorsApi
from ses.gateway.api.robots import RobotsApi
from ses.gateway.api.send import SendApi
from ses.gateway.api.sessions import RecordsApi
from ses.gateway.api.testapi import EmulationApi
from ses.gateway.http.access import Access
from ses.gateway.http.application import api, public
from ses.gateway.http.docs import DocsApi
from ses.gateway.http.listener import Listener, tls_context
from ses.gateway.http.operation import Operation
from ses.gateway.ops.health import HealthApi, Readiness
from ses.gateway.ops.metrics import Metrics
from ses.services.testapi import TestApi


class Listeners:
    """`port` with the API and administration, `widget.port` for the world, `telemetry.port` if there is one."""

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock,
        metrics: Metrics,
        conversations: Conversations,
        robots: Robots,
        robot_folder: Callable[[str], Path | None],
        emulations: TestApi | None,
        sites: Mapping[str, WebConnector],
        channels: Channels,
        readiness: Readiness,
        healthy: Callable[[], bool],
        llm_gateway: LlmGateway,
        recording: Recording,
    ) -> None:
        self.access = Access(factories.access_keys(config))
        self.operations: list[Operation] = []
        """All of the API."""
        for part in (
            AskApi(conversations, robots.ids, clock),
            SendApi(conversations, robots.ids),
            RecordsApi(conversations),
            RobotsApi(robots, factories.robot_connectors(config)),
            ConnectorsApi(lambda: channels.states(sites), conversations.undelivered),
            EmulationApi(emulations),
            HealthApi(readiness, healthy),
            metrics,
            llm_gateway,
            DocsApi(lambda: self.operations, robots.ids),
        ):
            self.operations += part.operations()
        web = WebRoutes(
            sites,
            robot_folder,
            factories.public_listener(config),
            uploads=factories.uploads(config),
            recording=recording,
        )
        tls = tls_context(config.tls.cert, config.tls.key) if config.tls is not None else None
        everything = api(self.operations, self.access, metrics, [llm_gateway.faults()])
        self._api = Listener(everything, config.host, config.port, tls, setting="port")
        world = public([*web.routes(), *WebhookRoutes(channels.connectors).routes()])
        self._public = Listener(world, config.widget.host, config.widget.port, tls, setting="widget.port")
        self._listeners = [self._api, self._public]
        if config.telemetry.port is not None:
            numbers = api(metrics.operations(), self.access, metrics)
            self._listeners.append(
                Listener(numbers, config.host, config.telemetry.port, tls, setting="telemetry.port")
            )

    @property
    def api(self) -> str:
        """The API's address."""
        return self._api.url

    @property
    def public(self) -> str:
        """The public listener's address."""
        return self._public.url

    async def start(self) -> None:
        """Raises `SesError` when an address cannot be had."""
        for listener in self._listeners:
            await listener.start()

    async def refuse(self) -> None:
        """Take no new connections."""
        await asyncio.gather(*(listener.refuse() for listener in self._listeners))

    async def stop(self) -> None:
        """Let requests that run finish, then close."""
        await asyncio.gather(*(listener.stop() for listener in self._listeners))
