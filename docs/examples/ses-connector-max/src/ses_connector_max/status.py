"""How a bot's connection is doing."""

from __future__ import annotations

from ses.connectors import status
from ses_connector_max.client import CallFailed


class ConnectionStatus(status.ConnectionStatus):
    def failed(self, failure: CallFailed) -> None:
        """MAX cannot be read, or does not want to be."""
        problem = str(failure)
        if failure.wrong_token:
            problem = f"MAX does not know the token in connectors.{self.name}.token; business.max.ru shows the bot's"
        self.cannot_receive(problem, refused=failure.wrong_token)
