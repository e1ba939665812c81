"""`GET /ses/connectors`: how each connection to a messenger or a website is doing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from aiohttp import web

from ses.connectors.contract import ConnectorState
from ses.gateway.api.schemas import ConnectorsAnswer
from ses.gateway.http.envelope import success
from ses.gateway.http.operation import Call, Operation

States = Callable[[], Sequence[ConnectorState]]
Waiting = Callable[[], Mapping[str, tuple[int, float]]]
"""By connector: messages under way to it, and the age of the oldest in seconds."""


class ConnectorsApi:
    def __init__(self, states: States, waiting: Waiting) -> None:
        self._states = states
        self._waiting = waiting

    def operations(self) -> list[Operation]:
        return [
            Operation(
                method="GET",
                path="/ses/connectors",
                summary="Each connector's state: since when, the last message, what waits, what is wrong",
                handler=self._list,
                scope="read",
                answer=ConnectorsAnswer,
                tag="state",
            )
        ]

    async def _list(self, call: Call) -> web.Response:
        waiting = self._waiting()
        shown = []
        for state in self._states():
            if call.caller.sees(state.robot):
                queue, age = waiting.get(state.name, (0, 0.0))
                shown.append({**asdict(state), "queue": queue, "oldest": round(age, 3)})
        return success({"connectors": shown})
