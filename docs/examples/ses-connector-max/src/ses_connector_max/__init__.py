"""Bots of the messenger MAX: long polling or a webhook in, `POST /messages` out. `connectors.max.{name}` configures one.

The Bot API is described at <https://dev.max.ru/docs-api>.
"""

from __future__ import annotations

from ses.connectors.contract import Channel, ConnectorContext, Kind
from ses_connector_max.config import Settings


def _make(context: ConnectorContext[Settings]) -> Channel:
    from ses_connector_max.connector import MaxConnector

    return MaxConnector(context)


KIND = Kind(contract=1, settings=Settings, make=_make)
