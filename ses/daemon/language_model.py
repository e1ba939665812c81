"""Factories of the language model's engine. What the configured kind does not need is not imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ses.clock import Clock
from ses.config import Config
from ses.config.llm import RemoteEngine, VllmEngine
from ses.gateway.ops.metrics import Metrics
from ses.llm.contract import Engine, EngineState, Task

if TYPE_CHECKING:
    from ses.gateway.ops.llm_metrics import ModelMetrics

CONCURRENCY = 64
"""Requests that run at once, for a model or a server, unless configured otherwise."""


def engine(config: Config, clock: Clock, metrics: Metrics) -> Engine:
    """The engine of the daemon; not started. Without `llm` it is one that says so."""
    if config.llm is None:
        from ses.llm.absent import NoEngine

        return NoEngine()
    from ses.gateway.ops.llm_metrics import ModelMetrics

    seen = ModelMetrics(metrics.registry)
    made = (
        _embedded(config.llm, clock, seen)
        if config.llm.engine == "vllm"
        else _over_servers(config.llm, clock, seen)
    )
    seen.watch(made.state)
    return made


def readiness(state: EngineState) -> dict[str, str]:
    """The model's line in `/ready`: its absence harms some conversations, never the daemon."""
    if state.phase == "off":
        return {}
    return {"model": f"degraded: {state.reason}" if state.reason or not state.ready else "ok"}


def healthy(state: EngineState) -> bool:
    """Whether the configured model answers, or none is configured."""
    return state.ready or state.phase == "off"


def _embedded(llm: VllmEngine, clock: Clock, seen: ModelMetrics) -> Engine:
    from ses.llm.frontend import EngineFrontend

    concurrency = llm.concurrency or CONCURRENCY

    def frontend(model: str, name: str, args: dict[str, Any], task: Task) -> Engine:
        from ses.llm.supervised import Core, SupervisedEngine
        from ses.llm.vllm.settings import VllmSettings

        settings = VllmSettings(model=model, name=name, args=args, embeddings=task == "embeddings")

        async def build() -> Core:
            from ses.llm.vllm.loading import start_core

            return await start_core(settings)

        alive = SupervisedEngine(name, task, build, clock=clock, preload=llm.preload)
        return EngineFrontend(alive, concurrency=concurrency, waiting=llm.waiting, clock=clock, observer=seen)

    chat = frontend(llm.model, llm.name or Path(llm.model).name, llm.args, "chat")
    if llm.embeddings is None:
        return chat
    from ses.llm.pair import EnginePair

    name = Path(llm.embeddings).name
    return EnginePair(chat, frontend(llm.embeddings, name, llm.embeddings_args, "embeddings"))


def _over_servers(llm: RemoteEngine, clock: Clock, seen: ModelMetrics) -> Engine:
    from ses.llm.frontend import EngineFrontend
    from ses.llm.remote import RemoteEngine as Remote
    from ses.llm.servers import ServerSettings

    servers = [
        ServerSettings(server.url, server.key.get_secret_value() if server.key is not None else "")
        for server in llm.servers
    ]
    remote = Remote(servers, name=llm.name or "", embeddings=llm.embeddings or "", clock=clock)
    concurrency = llm.concurrency or CONCURRENCY * len(servers)
    return EngineFrontend(remote, concurrency=concurrency, waiting=llm.waiting, clock=clock, observer=seen)
