"""How a bot's connection is doing."""

from __future__ import annotations

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from ses.clock import Clock
from ses.connectors import status
from ses.connectors.telegram.config import Settings
from ses.connectors.telegram.errors import seconds


class ConnectionStatus(status.ConnectionStatus):
    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(f"telegram.{settings.name}", settings.robot, settings.mode, clock)

    def failed(self, error: TelegramError) -> None:
        """Telegram cannot be read, or does not want to be."""
        self.cannot_receive(self._problem_of(error), refused=isinstance(error, InvalidToken))

    def _problem_of(self, error: TelegramError) -> str:
        if isinstance(error, InvalidToken):
            return f"Telegram does not know the token in connectors.{self.name}.token; @BotFather shows the bot's token"
        if isinstance(error, RetryAfter):
            return f"Telegram asks for a pause of {seconds(error):g} s"
        if not isinstance(error, Conflict):
            return str(error)
        if "webhook" in str(error):
            return f"{error}; another program uses the same bot: a bot can serve one only"
        return (
            "another program polls with the same token: a bot can serve one poller only; stop the other one"
        )
