"""Keeps one engine alive: loads it off the loop, notices its death, types what fails meanwhile, starts it again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Protocol

import msgspec
import structlog

from ses.clock import Clock
from ses.flow.backoff import Backoff
from ses.llm.answers import ChatAnswer, ChatChunk, CompletionAnswer, EmbeddingAnswer
from ses.llm.contract import EngineState, ModelInfo, Phase, Task
from ses.llm.errors import EngineError, EngineUnavailable
from ses.llm.requests import ChatRequest, CompletionRequest, EmbeddingRequest

log = structlog.get_logger("ses.llm")

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds between a death and the next start; more with each start that fails."""
STABLE = 120.0
"""Seconds an engine has to live for its next death to count as the first."""
STARTING_RETRY = 10.0
"""Seconds a caller is told to wait while the model loads."""


class Load(msgspec.Struct, frozen=True):
    """What a core has in hand."""

    running: int = 0
    waiting: int = 0
    kv_use: float | None = None


class Core(Protocol):
    """An engine that runs, from its start to its one death. Its calls are those of `ses.llm.contract.Engine`."""

    max_model_len: int

    async def chat(self, request: ChatRequest) -> ChatAnswer: ...
    def stream_chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]: ...
    async def complete(self, request: CompletionRequest) -> CompletionAnswer: ...
    def stream_complete(self, request: CompletionRequest) -> AsyncGenerator[CompletionAnswer, None]: ...
    async def embed(self, request: EmbeddingRequest) -> EmbeddingAnswer: ...
    async def count_tokens(self, request: ChatRequest | CompletionRequest) -> int | None: ...
    def load(self) -> Load: ...

    async def died(self) -> str:
        """Waits for its death; what it died of."""
        ...

    async def close(self) -> None:
        """End its processes. Requests under way fail with `EngineDied`."""
        ...


Build = Callable[[], Awaitable[Core]]
"""Loads the model. Raises `EngineError` with a text for the administrator."""


class SupervisedEngine:
    """Implements `ses.llm.contract.Engine` for one model."""

    def __init__(
        self,
        name: str,
        task: Task,
        build: Build,
        *,
        clock: Clock,
        preload: bool = True,
    ) -> None:
        self._name = name
        self._task: Task = task
        self._build = build
        self._clock = clock
        self._preload = preload
        self._core: Core | None = None
        self._phase: Phase = "starting"
        self._reason = "the language model has not been started"
        self._restarts = 0
        self._length: int | None = None
        self._wanted = asyncio.Event()
        self._prompts: dict[str, Sequence[ChatRequest]] = {}
        """To be kept in the prompt cache, by whose they are."""
        self._caching: set[asyncio.Task[None]] = set()
        self._life: asyncio.Task[None] | None = None

    # --- the contract --------------------------------------------------------------------------------------

    def models(self) -> Sequence[ModelInfo]:
        return (ModelInfo(self._name, self._task, self._length),)

    def state(self) -> EngineState:
        load = self._core.load() if self._core is not None else Load()
        return EngineState(
            self._phase,
            self._reason,
            running=load.running,
            waiting=load.waiting,
            kv_use=load.kv_use,
            restarts=self._restarts,
        )

    async def chat(self, request: ChatRequest) -> ChatAnswer:
        return await self._alive().chat(request)

    def stream_chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        return self._alive().stream_chat(request)

    async def complete(self, request: CompletionRequest) -> CompletionAnswer:
        return await self._alive().complete(request)

    def stream_complete(self, request: CompletionRequest) -> AsyncGenerator[CompletionAnswer, None]:
        return self._alive().stream_complete(request)

    async def embed(self, request: EmbeddingRequest) -> EmbeddingAnswer:
        return await self._alive().embed(request)

    async def count_tokens(self, request: ChatRequest | CompletionRequest) -> int | None:
        return await self._alive().count_tokens(request)

    def cache_prompts(self, name: str, prompts: Sequence[ChatRequest]) -> None:
        self._prompts[name] = prompts
        if self._core is not None:
            self._cache(self._core, prompts)

    async def start(self) -> None:
        self._phase, self._reason = "starting", "the language model is loading"
        if self._preload:
            self._wanted.set()
        else:
            self._reason = "the language model loads at the first request"
        self._life = asyncio.get_running_loop().create_task(self._live(), name=f"engine {self._name}")

    async def stop(self) -> None:
        self._phase, self._reason = "stopped", "the daemon stops"
        tasks = [*self._caching, *([self._life] if self._life is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- its life ------------------------------------------------------------------------------------------

    def _alive(self) -> Core:
        if self._core is not None:
            return self._core
        self._wanted.set()
        raise EngineUnavailable(self._reason, retry_after=STARTING_RETRY)

    async def _live(self) -> None:
        await self._wanted.wait()
        restarts = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        while True:
            core = await self._started()
            if core is not None:
                born = self._clock.monotonic()
                await self._until_death(core)
                if self._clock.monotonic() - born >= STABLE:
                    restarts.reset()
            await self._clock.sleep(restarts.next())

    async def _started(self) -> Core | None:
        began = self._clock.monotonic()
        log.info("the model is loading", model=self._name)
        try:
            core = await self._build()
        except EngineError as error:
            self._phase, self._reason = "failed", str(error)
            log.error("the model cannot be loaded", model=self._name, reason=str(error))  # noqa: TRY400  no traceback for people
            return None
        except Exception as error:
            self._phase, self._reason = "failed", f"the model cannot be loaded ({type(error).__name__})"
            log.exception("the model cannot be loaded", model=self._name)
            return None
        seconds = round(self._clock.monotonic() - began, 1)
        log.info("the model is ready", model=self._name, seconds=seconds, context=core.max_model_len)
        return core

    async def _until_death(self, core: Core) -> None:
        self._core, self._length = core, core.max_model_len
        self._phase, self._reason = "ready", ""
        for prompts in self._prompts.values():
            self._cache(core, prompts)
        try:
            cause = await core.died()
            self._phase, self._reason = "restarting", f"the language model is loading again: {cause}"
            self._restarts += 1
            log.error("the model's engine ended and is started again", model=self._name, cause=cause)
        finally:
            self._core = None
            await core.close()

    def _cache(self, core: Core, prompts: Sequence[ChatRequest]) -> None:
        task = asyncio.get_running_loop().create_task(_compute(core, prompts))
        self._caching.add(task)
        task.add_done_callback(self._caching.discard)


async def _compute(core: Core, prompts: Sequence[ChatRequest]) -> None:
    """One token after each prompt leaves the prompt in the engine's cache."""
    for prompt in prompts:
        try:
            await core.chat(
                msgspec.structs.replace(prompt, max_tokens=1, n=1, response_format=None, priority="batch")
            )
        except EngineError as error:
            log.warning("a prompt could not be warmed", reason=str(error))
