"""What stands before every engine: names are resolved, requests are admitted, everything is measured and every failure typed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

import msgspec

from ses.clock import Clock
from ses.llm.admission import AdmissionControl
from ses.llm.answers import ChatAnswer, ChatChunk, CompletionAnswer, EmbeddingAnswer, Usage
from ses.llm.contract import Engine, EngineState, ModelInfo, Observer, Task
from ses.llm.errors import (
    BadRequest,
    ContextTooLong,
    EngineBusy,
    EngineDied,
    EngineError,
    EngineUnavailable,
    UnknownModel,
)
from ses.llm.requests import ChatRequest, CompletionRequest, EmbeddingRequest, Priority

OUTCOMES: tuple[tuple[type[BaseException], str], ...] = (
    (EngineBusy, "busy"),
    (EngineUnavailable, "unavailable"),
    (EngineDied, "died"),
    (ContextTooLong, "too_long"),
    (BadRequest, "bad_request"),
    (UnknownModel, "unknown_model"),
    (EngineError, "failed"),
    (asyncio.CancelledError, "cancelled"),
    (GeneratorExit, "cancelled"),
)


class _Measure:
    """One request, being measured."""

    __slots__ = ("_clock", "began", "first", "usage", "waited")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.began = clock.monotonic()
        self.waited = 0.0
        self.first: float | None = None
        self.usage: Usage | None = None

    def piece(self, chunk: ChatChunk | CompletionAnswer) -> None:
        if self.first is None and chunk.choices:
            self.first = self._clock.monotonic() - self.began
        if chunk.usage is not None:
            self.usage = chunk.usage

    @property
    def spent(self) -> tuple[int, int]:
        return (self.usage.prompt_tokens, self.usage.completion_tokens or 0) if self.usage else (0, 0)


class EngineFrontend:
    """Implements `ses.llm.contract.Engine` over another engine; `concurrency` requests run at once, `waiting` wait."""

    def __init__(
        self, engine: Engine, *, concurrency: int, waiting: int, clock: Clock, observer: Observer
    ) -> None:
        self._engine = engine
        self._admission = AdmissionControl(concurrency=concurrency, waiting=waiting, clock=clock)
        self._clock = clock
        self._observer = observer

    def models(self) -> Sequence[ModelInfo]:
        return self._engine.models()

    def state(self) -> EngineState:
        inside = self._engine.state()
        queued = self._admission.waiting + max(0, inside.waiting)
        return msgspec.structs.replace(inside, running=self._admission.running, waiting=queued)

    async def chat(self, request: ChatRequest) -> ChatAnswer:
        async with self._request(self._named(request.model, "chat"), request.priority) as measure:
            answer = await self._engine.chat(request)
            measure.usage = answer.usage
            return answer

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        async with (
            self._request(self._named(request.model, "chat"), request.priority) as measure,
            aclosing(self._engine.stream_chat(request)) as chunks,
        ):
            async for chunk in chunks:
                measure.piece(chunk)
                yield chunk

    async def complete(self, request: CompletionRequest) -> CompletionAnswer:
        async with self._request(self._named(request.model, "chat"), request.priority) as measure:
            answer = await self._engine.complete(request)
            measure.usage = answer.usage
            return answer

    async def stream_complete(self, request: CompletionRequest) -> AsyncGenerator[CompletionAnswer, None]:
        async with (
            self._request(self._named(request.model, "chat"), request.priority) as measure,
            aclosing(self._engine.stream_complete(request)) as chunks,
        ):
            async for chunk in chunks:
                measure.piece(chunk)
                yield chunk

    async def embed(self, request: EmbeddingRequest) -> EmbeddingAnswer:
        async with self._request(self._named(request.model, "embeddings"), request.priority) as measure:
            answer = await self._engine.embed(request)
            measure.usage = answer.usage
            return answer

    async def count_tokens(self, request: ChatRequest | CompletionRequest) -> int | None:
        self._named(request.model, "chat")
        return await self._engine.count_tokens(request)

    def cache_prompts(self, name: str, prompts: Sequence[ChatRequest]) -> None:
        self._engine.cache_prompts(name, prompts)

    async def start(self) -> None:
        await self._engine.start()

    async def stop(self) -> None:
        await self._engine.stop()

    def _named(self, model: str, task: Task) -> str:
        """The name of the model that is meant. Raises `UnknownModel`, or `EngineUnavailable` when there is none for the task."""
        names = [one.name for one in self._engine.models() if one.task == task]
        if not names:
            raise EngineUnavailable(
                "no model of embeddings is configured: see `llm.embeddings` in config.json"
                if task == "embeddings"
                else self._engine.state().reason or "no language model is known"
            )
        if model and model not in names:
            raise UnknownModel(model)
        return model or names[0]

    @asynccontextmanager
    async def _request(self, model: str, priority: Priority) -> AsyncIterator[_Measure]:
        measure = _Measure(self._clock)
        outcome = "failed"
        try:
            async with self._admission.admitted(priority) as measure.waited:
                yield measure
            outcome = "ok"
        except BaseException as error:
            outcome = next((name for kind, name in OUTCOMES if isinstance(error, kind)), "failed")
            raise
        finally:
            self._observer.generated(
                model,
                priority,
                outcome,
                waited=measure.waited,
                first_token=measure.first,
                seconds=self._clock.monotonic() - measure.began,
                usage=measure.spent,
            )
