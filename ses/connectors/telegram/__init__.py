"""Telegram bots. python-telegram-bot's `Bot` speaks to the Bot API; receiving is a loop of our own, because an update must
be on disk before its offset moves."""

from __future__ import annotations

from typing import Any

from ses.connectors.contract import Channel, ConnectorContext


def make(context: ConnectorContext[Any]) -> Channel:
    from ses.connectors.telegram.config import settings_of
    from ses.connectors.telegram.connector import TelegramConnector

    return TelegramConnector(
        settings_of(context.name, context.settings),
        robot_folder=context.robot_folder,
        recording=context.recording,
        clock=context.clock,
    )
