"""For tests: what the daemon serves of the language model, over an engine that says what it is told to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from doubles.llm import ScriptedEngine
from ses.clock import Clock, SystemClock
from ses.config import Config
from ses.daemon.ledger import Ledger
from ses.daemon.llm_gateway import LlmGateway
from ses.gateway.http.access import Access
from ses.gateway.http.application import api
from ses.gateway.ops.metrics import Metrics
from ses.llm.answers import ChatAnswer
from ses.llm.errors import EngineError
from ses.redaction import Redactor


@dataclass(frozen=True, slots=True)
class ServedLlm:
    url: str
    engine: ScriptedEngine
    ledger: Ledger
    answer: list[str | ChatAnswer | EngineError]
    """Its first item is what the engine says next."""


@asynccontextmanager
async def serving_llm(config: Config, clock: Clock | None = None) -> AsyncIterator[ServedLlm]:
    """`/v1`, the users' methods and the chat page on a free port. The engine that `config` names is not used."""
    answer: list[str | ChatAnswer | EngineError] = ["Hello there, friend."]
    engine = ScriptedEngine(lambda _request: answer[0])
    clock, metrics = clock or SystemClock(), Metrics()
    ledger = Ledger(config, clock, metrics, Redactor())
    await ledger.open()
    model = LlmGateway(config, engine, ledger, clock)
    app = api(model.operations(), Access(None), metrics, [model.faults()])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield ServedLlm(f"http://127.0.0.1:{runner.addresses[0][1]}", engine, ledger, answer)
    finally:
        engine.gate.set()
        await runner.cleanup()
        await model.stop()
        await ledger.close()
