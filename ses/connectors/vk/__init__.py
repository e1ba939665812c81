"""VK communities: Bots Long Poll or Callback API in, `messages.send` out, through vk-api.

What VK's administrator sets up is described in `docs/vk.md`.
"""

from __future__ import annotations

from typing import Any

from ses.connectors.contract import Channel, ConnectorContext


def make(context: ConnectorContext[Any]) -> Channel:
    from ses.connectors.vk.config import settings_of
    from ses.connectors.vk.connector import VkConnector

    return VkConnector(
        settings_of(context.name, context.settings),
        robot_folder=context.robot_folder,
        recording=context.recording,
        clock=context.clock,
    )
