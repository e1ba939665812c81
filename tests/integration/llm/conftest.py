"""The real model: vLLM with SmolLM2, once for the session."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
import time
import warnings
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from ses.clock import SystemClock
from ses.llm.contract import Engine, Unobserved
from ses.llm.frontend import EngineFrontend
from ses.llm.supervised import SupervisedEngine

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "models/smollm2"
ARGS = {"max_model_len": 2048, "tool_call_parser": "hermes"}


class Loop:
    """An event loop in a thread, so that one engine serves tests that each have a loop of their own."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any], limit: float = 300) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(limit)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)


@pytest.fixture(scope="session")
def model() -> Path:
    if importlib.util.find_spec("vllm") is None or not (MODEL / "ses-model.json").exists():
        pytest.skip("vLLM and SmolLM2 are not here: `make test-model` brings them")
    return MODEL


@pytest.fixture(scope="session")
def loop():
    made = Loop()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def engine(model, loop) -> Iterator[Engine]:
    """Ready; with the same frontend as in the daemon."""
    from ses.llm.vllm.loading import start_core
    from ses.llm.vllm.settings import VllmSettings

    settings = VllmSettings(model=str(model), name="smollm2", args=ARGS)
    clock = SystemClock()
    alive = SupervisedEngine("smollm2", "chat", lambda: start_core(settings), clock=clock)
    frontend = EngineFrontend(alive, concurrency=16, waiting=64, clock=clock, observer=Unobserved())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of vLLM's imports, about other people's future
        loop.run(frontend.start())
        while not frontend.state().ready:
            assert frontend.state().phase == "starting", frontend.state()
            time.sleep(0.1)
    yield frontend
    loop.run(frontend.stop())
