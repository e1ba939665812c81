"""The engine, as robots and the gateway see it.

    answer = await engine.chat(ChatRequest(messages=[{"role": "user", "content": "Hello"}]))

    async with aclosing(engine.stream_chat(request)) as chunks:
        async for chunk in chunks:
            show(chunk.text)

**Cancelling is aborting**: a cancelled `chat`, or a stream that is closed before its end, ends its work in the engine at once. Always
close a stream you may leave early (`contextlib.aclosing`).

**Failing is typed**: only `EngineError`s come out (`ses.llm.errors`). `EngineUnavailable` (with `EngineBusy`) says that nothing
was generated; `EngineDied` may come after pieces of a stream.

An engine never blocks the loop and is there from the daemon's first moment: while the model loads, or when there is none, calls raise
`EngineUnavailable` at once.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Literal, Protocol

import msgspec

from ses.llm.answers import ChatAnswer, ChatChunk, CompletionAnswer, EmbeddingAnswer
from ses.llm.requests import ChatRequest, CompletionRequest, EmbeddingRequest, Priority

Phase = Literal["off", "starting", "ready", "restarting", "failed", "stopped"]
"""`off`: none is configured; `restarting`: it was ready and died; `failed`: it cannot start, the reason says why (and is tried again)."""
Task = Literal["chat", "embeddings"]


class ModelInfo(msgspec.Struct, frozen=True):
    """A language model that requests may name. Known while the engine is down, too."""

    name: str
    task: Task
    max_model_len: int | None = None
    """Tokens of prompt and answer together; None while not known."""


class EngineState(msgspec.Struct, frozen=True):
    """An engine at this moment."""

    phase: Phase
    reason: str = ""
    """For people: why it is not ready, or which servers are missing although it is."""
    running: int = 0
    waiting: int = 0
    """Requests that wait for their turn, here or in the engine."""
    kv_use: float | None = None
    """Part of the cache in use, 0…1; None when not known."""
    restarts: int = 0

    @property
    def ready(self) -> bool:
        return self.phase == "ready"


class Engine(Protocol):
    """One or more language models."""

    def models(self) -> Sequence[ModelInfo]:
        """Chat models first."""
        ...

    def state(self) -> EngineState: ...

    async def chat(self, request: ChatRequest) -> ChatAnswer: ...

    def stream_chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        """The last chunk has no choices and holds the usage."""
        ...

    async def complete(self, request: CompletionRequest) -> CompletionAnswer: ...

    def stream_complete(self, request: CompletionRequest) -> AsyncGenerator[CompletionAnswer, None]:
        """The last piece has no choices and holds the usage."""
        ...

    async def embed(self, request: EmbeddingRequest) -> EmbeddingAnswer: ...

    async def count_tokens(self, request: ChatRequest | CompletionRequest) -> int | None:
        """Tokens of the prompt, by the model's own template and tokenizer; None when the server cannot tell."""
        ...

    def cache_prompts(self, name: str, prompts: Sequence[ChatRequest]) -> None:
        """Keep these prompts (a robot's system texts) in the prompt cache, now and after every restart, so that a
        conversation that begins with one of them starts at once. Called again with the same `name` it replaces them; it never waits and never fails.
        """
        ...

    async def start(self) -> None:
        """Begin to load or to connect; returns at once."""
        ...

    async def stop(self) -> None:
        """End everything; requests under way fail with `EngineDied`."""
        ...


class Observer(Protocol):
    """Told of every request that reached an engine."""

    def generated(
        self,
        model: str,
        priority: Priority,
        outcome: str,
        *,
        waited: float,
        first_token: float | None,
        seconds: float,
        usage: tuple[int, int],
    ) -> None:
        """`outcome` is `ok`, `cancelled` or the kind of the error (`busy unavailable died bad_request too_long unknown_model`).

        Seconds: `waited` to be admitted, until the `first_token` of a stream, and in all. `usage`: prompt and answer, in tokens.
        """
        ...


class Unobserved:
    """An observer that looks away."""

    def generated(
        self,
        model: str,
        priority: Priority,
        outcome: str,
        *,
        waited: float,
        first_token: float | None,
        seconds: float,
        usage: tuple[int, int],
    ) -> None:
        del model, priority, outcome, waited, first_token, seconds, usage
