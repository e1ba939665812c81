"""How a community's connection is doing: kept for `ses connectors`, told to the log when it changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import structlog

from ses.clock import Clock
from ses.connectors.contract import ConnectorState
from ses.connectors.vk.client import WRONG_TOKEN, CallFailed
from ses.connectors.vk.config import Community

log = structlog.get_logger("ses.connectors.vk")


class Standing:
    """Changes are logged once, not with every attempt."""

    def __init__(self, community: Community, clock: Clock) -> None:
        self.name = f"vk.{community.name}"
        self._clock = clock
        self._state = ConnectorState(
            self.name, community.robot, "connecting", mode=community.mode, since=clock.now()
        )

    def state(self) -> ConnectorState:
        return self._state

    def connected(self) -> None:
        if self._state.condition != "connected":
            self._change(condition="connected", since=self._clock.now(), problem="")
            log.info("the community is connected", connector=self.name, mode=self._state.mode)

    def failed(self, failure: CallFailed) -> None:
        """VK cannot be read, or does not want to be."""
        refused = failure.code in WRONG_TOKEN
        problem = str(failure)
        if refused:
            problem = f"VK does not know the token; put the community's own into connectors.{self.name}.token ({failure})"
        elif failure.code in (15, 100):
            problem = f"VK refuses the community; check connectors.{self.name}.group_id and that Long Poll is on ({failure})"
        condition = "refused" if refused else "failing"
        before = (self._state.condition, self._state.problem)
        since = self._state.since if self._state.condition == condition else self._clock.now()
        self._change(condition=condition, since=since, problem=problem, errors=self._state.errors + 1)
        if before != (condition, problem):
            tell = log.error if refused else log.warning
            tell("the community cannot be read", connector=self.name, problem=problem)

    def heard(self, written: int) -> None:
        """An inbound was taken. `written`: when VK says it was, seconds since 1970; 0: it does not say."""
        now = self._clock.now()
        lag = max(0.0, now - written) if written else self._state.lag
        self._change(received=self._state.received + 1, last_message=now, lag=lag)

    def stopped(self) -> None:
        self._change(condition="stopped", since=self._clock.now(), problem="")

    def _change(self, **fields: Any) -> None:
        self._state = replace(self._state, **fields)
