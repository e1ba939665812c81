"""How a community's connection is doing."""

from __future__ import annotations

from ses.clock import Clock
from ses.connectors import status
from ses.connectors.vk.client import WRONG_TOKEN, CallFailed
from ses.connectors.vk.config import Settings


class ConnectionStatus(status.ConnectionStatus):
    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(f"vk.{settings.name}", settings.robot, settings.mode, clock)

    def failed(self, failure: CallFailed) -> None:
        """VK cannot be read, or does not want to be."""
        refused = failure.code in WRONG_TOKEN
        problem = str(failure)
        if refused:
            problem = f"VK does not know the token; put the community's own into connectors.{self.name}.token ({failure})"
        elif failure.code in (15, 100):
            problem = f"VK refuses the community; check connectors.{self.name}.group_id and that Long Poll is on ({failure})"
        self.cannot_receive(problem, refused=refused)
