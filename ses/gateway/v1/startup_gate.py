"""The startup gate (`gateway.wait`, WAIT_VLLM): at the start `/v1` answers 503 until the engine is there; dialogues do not wait."""

from __future__ import annotations

import asyncio

import structlog

from ses.clock import Clock
from ses.llm.contract import Engine

log = structlog.get_logger("ses.gateway.v1")


class StartupGate:
    """Looks for the engine every `timeout` seconds. After the last of its `attempts` it warns, and goes on looking."""

    def __init__(self, engine: Engine, attempts: int, timeout: float, clock: Clock) -> None:
        self._engine = engine
        self._attempts = attempts
        self._timeout = timeout
        self._clock = clock
        self._over = False
        self._task: asyncio.Task[None] | None = None

    def __call__(self) -> float | None:
        """Seconds after which a client may try again; none when there is nothing to wait for any more."""
        return None if self._over else self._timeout

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._look(), name="wait for the engine")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        attempt = 1
        while not (state := self._engine.state()).ready:
            level = log.warning if attempt >= self._attempts else log.info
            if attempt <= self._attempts:
                level(
                    "engine_awaited",
                    attempt=attempt,
                    of=self._attempts,
                    phase=state.phase,
                    reason=state.reason,
                )
            attempt += 1
            await self._clock.sleep(self._timeout)
        self._over = True
        log.info("engine_there")
