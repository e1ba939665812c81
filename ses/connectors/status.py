"""How a connection is doing: kept for `ses connectors`, told to the log when it changes."""

from __future__ import annotations

from typing import Literal

import structlog

from ses.clock import Clock
from ses.connectors.contract import ConnectorState

Condition = Literal["connecting", "connected", "failing", "refused", "stopped"]


class ConnectionStatus:
    """The connection status of one connector. Changes are logged once, not with every attempt."""

    def __init__(self, name: str, robot: str, mode: str, clock: Clock) -> None:
        """`name`: the connector's full one, `vk.shop`."""
        self.name = name
        self.condition: Condition = "connecting"
        self._robot = robot
        self._mode = mode
        self._clock = clock
        self._log = structlog.get_logger(f"ses.connectors.{name.partition('.')[0]}")
        self._since = clock.now()
        self._problem = ""
        self._received = 0
        self._last_message: float | None = None
        self._lag: float | None = None
        self._errors = 0
        self._doubtful = 0

    def state(self) -> ConnectorState:
        return ConnectorState(
            name=self.name,
            robot=self._robot,
            condition=self.condition,
            mode=self._mode,
            since=self._since,
            problem=self._problem,
            received=self._received,
            last_message=self._last_message,
            lag=self._lag,
            errors=self._errors,
            doubtful=self._doubtful,
        )

    def connected(self) -> None:
        if self.condition != "connected":
            self._change("connected", "")
            self._log.info("the bot is connected", connector=self.name, mode=self._mode)

    def cannot_receive(self, problem: str, *, refused: bool = False) -> None:
        """`refused`: only another configuration helps."""
        condition: Condition = "refused" if refused else "failing"
        before = (self.condition, self._problem)
        self._change(condition, problem)
        self._errors += 1
        if before != (condition, problem):
            tell = self._log.error if refused else self._log.warning
            tell("the bot cannot receive", connector=self.name, problem=problem)

    def call_failed(self, *, doubtful: bool = False) -> None:
        """`doubtful`: it was a send, and may have been carried out though no answer came."""
        self._errors += 1
        self._doubtful += doubtful

    def heard(self, written: float) -> None:
        """An inbound is durable. `written`: when the other side says it was, seconds since 1970; 0: it does not say."""
        self._received += 1
        self._last_message = now = self._clock.now()
        if written:
            self._lag = max(0.0, now - written)

    def stopped(self) -> None:
        self._change("stopped", "")

    def _change(self, condition: Condition, problem: str) -> None:
        if condition != self.condition:
            self._since = self._clock.now()
        self.condition, self._problem = condition, problem
