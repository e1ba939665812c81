"""The messengers' bots: made from the configuration, changed by a reload, watched, stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from ses import extensions
from ses.clock import Clock
from ses.config import Config
from ses.connectors import telegram, vk
from ses.connectors.contract import (
    Addressable,
    Channel,
    ConnectorContext,
    ConnectorState,
    Recording,
)
from ses.connectors.web.connector import WebConnector
from ses.conversations.conversations import Conversations

log = structlog.get_logger("ses.daemon")

RobotFolder = Callable[[str], Path | None]
BUILT_IN: Mapping[str, Callable[[ConnectorContext[Any]], Channel]] = {
    "telegram": telegram.make,
    "vk": vk.make,
}
"""SES's own kinds, made as those of packages are. Each imports its library when it is called: only who has a bot pays
for it."""


def make_connector(
    kind: str, name: str, settings: Any, folder: RobotFolder, recording: Recording, clock: Clock
) -> Channel:
    """The connector for one entry of the configuration. Raises `Broken` when a package cannot make it."""
    full = f"{kind}.{name}"
    context = ConnectorContext(
        kind=kind,
        name=name,
        settings=settings,
        clock=clock,
        robot_folder=partial(folder, settings.robot),
        recording=recording,
        log=structlog.get_logger(f"ses.connectors.{kind}").bind(connector=full),
    )
    if (make := BUILT_IN.get(kind)) is not None:
        return make(context)
    package = extensions.package_of(kind)
    try:
        connector = extensions.kind(kind).make(context)
    except Exception as error:  # whatever a stranger's code does; the other bots go on
        raise extensions.Broken(
            f"the package {package} cannot make it: {type(error).__name__}: {error}"[:500]
        ) from error
    if not isinstance(connector, Channel) or connector.name != full:
        raise extensions.Broken(
            f"what the package {package} made is no `ses.connectors.contract.Channel` with the name {full}"
        )
    return connector


class Channels:
    """All configured bots, by full name: `telegram.shop`."""

    def __init__(
        self, conversations: Conversations, robot_folder: RobotFolder, recording: Recording, clock: Clock
    ) -> None:
        self._conversations = conversations
        self._robot_folder = robot_folder
        self._recording = recording
        self._clock = clock
        self._settings: dict[str, Any] = {}
        self._secrets: frozenset[str] = frozenset()
        self._left_out: list[ConnectorState] = []
        """Those that a broken package was to make."""
        self.connectors: dict[str, Channel] = {}

    async def apply(self, config: Config) -> None:
        """Start the bots that are new or changed, stop those that are gone. What one of them suffers from stands in
        its state and in the log; the others and the daemon go on."""
        wanted = {
            f"{kind}.{name}": (kind, name, settings)
            for kind, name, settings in config.connectors.all()
            if kind != "web"
        }
        for full, connector in list(self.connectors.items()):
            if full not in wanted or wanted[full][2] != self._settings[full]:
                del self.connectors[full], self._settings[full]
                await _ended(connector.stop, full)
        self._left_out, self._secrets = [], config.secrets
        for absent in config.left_out:
            self._leave_out(absent.name, absent.robot, absent.problem)
        for full, (kind, name, settings) in wanted.items():
            if full not in self.connectors:
                try:
                    connector = make_connector(
                        kind, name, settings, self._robot_folder, self._recording, self._clock
                    )
                    self._conversations.attach(connector)
                    await connector.start(self._conversations)
                except Exception as error:
                    if kind in BUILT_IN:
                        raise
                    package = extensions.package_of(kind)
                    problem = f"the package {package} cannot start it: {type(error).__name__}: {error}"
                    self._leave_out(
                        full, settings.robot, str(error) if isinstance(error, extensions.Broken) else problem
                    )
                    continue
                self._settings[full] = settings
                self.connectors[full] = connector
        self._warn_of_dead_ends(config)

    def _warn_of_dead_ends(self, config: Config) -> None:
        """Only a made connector shows whether a conversation can come to it."""
        for name, site in config.connectors.web.items():
            for to in site.elsewhere:
                if to in self.connectors and not isinstance(self.connectors[to], Addressable):
                    log.warning(
                        "no conversation can go on there: the connector's package has no `begin` and `link`; take it out",
                        setting=f"connectors.web.{name}.elsewhere",
                        connector=to,
                    )

    def states(self, sites: Mapping[str, WebConnector]) -> list[ConnectorState]:
        """How every connector is doing, by name."""
        own = [_state(full, channel) for full, channel in self.connectors.items()]
        return sorted(
            [*(site.state() for site in sites.values()), *own, *self._left_out], key=lambda state: state.name
        )

    async def refuse(self) -> None:
        """Take nothing new; what is being answered is still delivered."""
        await asyncio.gather(*(_ended(one.refuse, full) for full, one in self.connectors.items()))

    async def stop(self) -> None:
        await asyncio.gather(*(_ended(one.stop, full) for full, one in self.connectors.items()))

    def _leave_out(self, full: str, robot: str, problem: str) -> None:
        for secret in self._secrets:  # a stranger's error may say anything
            problem = problem.replace(secret, "***")
        log.error("a connector is left out", connector=full, problem=problem)
        self._left_out.append(
            ConnectorState(full, robot, "refused", since=self._clock.now(), problem=problem, errors=1)
        )


async def _ended(work: Callable[[], Awaitable[None]], full: str) -> None:
    """One that cannot end keeps nobody else from it."""
    try:
        await work()
    except Exception:
        log.exception("a connector cannot be ended", connector=full)


def _state(full: str, channel: Channel) -> ConnectorState:
    try:
        return channel.state()
    except Exception as error:
        log.exception("a connector cannot tell how it is doing", connector=full)
        return ConnectorState(
            full, "", "failing", problem=f"it cannot tell how it is doing: {type(error).__name__}"
        )
