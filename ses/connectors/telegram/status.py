"""How a bot is doing, kept for `ses connectors` and told to the log when it changes."""

from __future__ import annotations

from typing import Literal

import structlog

from ses.clock import Clock
from ses.connectors.contract import ConnectorState

log = structlog.get_logger("ses.connectors.telegram")

Condition = Literal["connecting", "connected", "failing", "refused", "stopped"]


class ConnectionStatus:
    """Changes are logged once, not with every attempt."""

    def __init__(self, name: str, robot: str, mode: str, clock: Clock) -> None:
        self.name = name
        self._robot = robot
        self._mode = mode
        self._clock = clock
        self._condition: Condition = "connecting"
        self._since = clock.now()
        self._problem = ""
        self._told = ""
        self.errors = 0
        self.doubtful = 0
        self.worked = False
        """It has been connected since the last failure."""

    def is_now(self, condition: Condition, problem: str = "") -> None:
        if condition in ("failing", "refused"):
            self.errors += 1
        if condition == "connecting" and self._problem:
            return  # it goes on failing until it works
        if condition == "connected":
            self.worked = True
        elif condition == "failing" and self._condition == "failing":
            self.worked = False
        if condition == self._condition and problem == self._problem:
            return
        if condition != self._condition:
            self._since = self._clock.now()
        self._condition, self._problem = condition, problem
        if problem:
            tell = log.error if condition == "refused" else log.warning
            tell("the bot cannot receive", connector=self.name, problem=problem)
        elif condition == "connected":
            log.info("the bot is connected", connector=self.name, mode=self._mode)

    def state(self, *, received: int, last: float, lag: float | None) -> ConnectorState:
        return ConnectorState(
            name=self.name,
            robot=self._robot,
            condition=self._condition,
            mode=self._mode,
            since=self._since,
            problem=self._problem,
            received=received,
            last_message=last or None,
            lag=lag,
            errors=self.errors,
            doubtful=self.doubtful,
        )
