"""The messengers' bots: made from the configuration, changed by a reload, watched, stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ses.clock import Clock
from ses.config import Config
from ses.connectors.contract import Channel, ConnectorState, Recording
from ses.connectors.web.connector import WebConnector
from ses.conversations.conversations import Conversations

if TYPE_CHECKING:
    from ses.config import Telegram, Vk

RobotFolder = Callable[[str], Path | None]
Maker = Callable[[str, Any, RobotFolder, Recording, Clock], Channel]
"""Name, settings, where a robot's files and its spoken words lie, clock → the connector. Imports its library: only who has
a bot pays for it."""


def telegram_bot(
    name: str, settings: Telegram, folder: RobotFolder, recording: Recording, clock: Clock
) -> Channel:
    from ses.connectors.telegram.config import account_of
    from ses.connectors.telegram.connector import TelegramConnector

    account = account_of(name, settings)
    return TelegramConnector(
        account, robot_folder=partial(folder, account.robot), recording=recording, clock=clock
    )


def vk_community(name: str, settings: Vk, folder: RobotFolder, recording: Recording, clock: Clock) -> Channel:
    from ses.connectors.vk.config import community_of
    from ses.connectors.vk.connector import VkConnector

    community = community_of(name, settings)
    return VkConnector(
        community, robot_folder=partial(folder, community.robot), recording=recording, clock=clock
    )


MAKERS: Mapping[str, Maker] = {"telegram": telegram_bot, "vk": vk_community}


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
        self.connectors: dict[str, Channel] = {}

    async def join(self, config: Config) -> None:
        """Start the bots that are new or changed, stop those that are gone. What one of them suffers from stands in
        its state and in the log; the others and the daemon go on."""
        wanted = {
            f"{kind}.{name}": (kind, name, settings)
            for kind in MAKERS
            for name, settings in getattr(config.connectors, kind).items()
        }
        for full, connector in list(self.connectors.items()):
            if full not in wanted or wanted[full][2] != self._settings[full]:
                del self.connectors[full], self._settings[full]
                await connector.stop()
        for full, (kind, name, settings) in wanted.items():
            if full not in self.connectors:
                connector = MAKERS[kind](name, settings, self._robot_folder, self._recording, self._clock)
                self._conversations.attach(connector)
                await connector.start(self._conversations)
                self._settings[full] = settings
                self.connectors[full] = connector

    async def refuse(self) -> None:
        """Take nothing new; what is being answered is still delivered."""
        await asyncio.gather(*(connector.refuse() for connector in self.connectors.values()))

    async def stop(self) -> None:
        await asyncio.gather(*(connector.stop() for connector in self.connectors.values()))


def connector_states(
    sites: Mapping[str, WebConnector], channels: Mapping[str, Channel]
) -> list[ConnectorState]:
    """How every connector is doing, by name."""
    return sorted(
        [site.state() for site in sites.values()] + [channel.state() for channel in channels.values()],
        key=lambda state: state.name,
    )
