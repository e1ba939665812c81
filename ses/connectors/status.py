"""How a connection is doing: kept for `ses connectors`, told to the log when it changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import structlog

from ses.clock import Clock
from ses.connectors.contract import ConnectorState


class ConnectionStatus:
    """Changes are logged once, not with every attempt."""

    def __init__(self, name: str, robot: str, mode: str, clock: Clock) -> None:
        """`name`: the connector's full one, `vk.shop`."""
        self.name = name
        self._clock = clock
        self._log = structlog.get_logger(f"ses.connectors.{name.partition('.')[0]}")
        self._state = ConnectorState(name, robot, "connecting", mode=mode, since=clock.now())

    def state(self) -> ConnectorState:
        return self._state

    def connected(self) -> None:
        if self._state.condition != "connected":
            self._change(condition="connected", since=self._clock.now(), problem="")
            self._log.info("the bot is connected", connector=self.name, mode=self._state.mode)

    def cannot_receive(self, problem: str, *, refused: bool = False) -> None:
        """`refused`: only another configuration helps."""
        condition = "refused" if refused else "failing"
        before = (self._state.condition, self._state.problem)
        since = self._state.since if self._state.condition == condition else self._clock.now()
        self._change(condition=condition, since=since, problem=problem, errors=self._state.errors + 1)
        if before != (condition, problem):
            tell = self._log.error if refused else self._log.warning
            tell("the bot cannot receive", connector=self.name, problem=problem)

    def call_failed(self, *, doubtful: bool = False) -> None:
        """`doubtful`: it was a send, and may have been carried out though no answer came."""
        self._change(errors=self._state.errors + 1, doubtful=self._state.doubtful + doubtful)

    def heard(self, written: float) -> None:
        """An inbound was taken. `written`: when the other side says it was, seconds since 1970; 0: it does not say."""
        now = self._clock.now()
        lag = max(0.0, now - written) if written else self._state.lag
        self._change(received=self._state.received + 1, last_message=now, lag=lag)

    def stopped(self) -> None:
        self._change(condition="stopped", since=self._clock.now(), problem="")

    def _change(self, **fields: Any) -> None:
        self._state = replace(self._state, **fields)
