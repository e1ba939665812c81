"""`/health` `/live` `/ready`: for load balancers, supervisors and people who wonder."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from aiohttp import web

from ses.gateway.http.envelope import HARDENED
from ses.gateway.http.operation import Call, Operation
from ses.gateway.http.schemas import SuccessModel

Readiness = Callable[[], Mapping[str, str]]
"""Part → `ok`, `degraded: …` when it harms only some conversations, or what is wrong with it."""


class ReadyAnswer(SuccessModel):
    parts: dict[str, str]
    """`ok`, `degraded: …` (harms only some conversations), or what is wrong, by part."""


class HealthApi:
    def __init__(self, readiness: Readiness, healthy: Callable[[], bool]) -> None:
        self._readiness = readiness
        self._healthy = healthy
        """Whether the configured model answers."""

    def operations(self) -> list[Operation]:
        return [
            Operation(
                method="GET",
                path="/health",
                summary="200 when the configured model answers, or none is configured; else 503; empty body",
                handler=self._health,
                scope=None,
                content="",
                tag="state",
            ),
            Operation(
                method="GET",
                path="/live",
                summary="200 while the process runs; empty body",
                handler=self._empty,
                scope=None,
                content="",
                tag="state",
            ),
            Operation(
                method="GET",
                path="/ready",
                summary="Whether every part can do its work, part by part; 503 when one cannot",
                handler=self._ready,
                scope=None,
                answer=ReadyAnswer,
                failures=(503,),
                tag="state",
            ),
        ]

    async def _health(self, call: Call) -> web.Response:
        del call
        return web.Response(status=200 if self._healthy() else 503, headers=HARDENED)

    async def _empty(self, call: Call) -> web.Response:
        del call
        return web.Response(headers=HARDENED)

    async def _ready(self, call: Call) -> web.Response:
        del call
        parts = dict(self._readiness())
        wrong = [
            f"{name}: {state}" for name, state in parts.items() if not state.startswith(("ok", "degraded: "))
        ]
        body = {"error": int(bool(wrong)), "message": "; ".join(wrong) or "success", "parts": parts}
        return web.Response(
            status=503 if wrong else 200,
            body=msgspec.json.encode(body),
            content_type="application/json",
            headers=HARDENED,
        )
