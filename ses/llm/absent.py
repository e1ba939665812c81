"""The engine of a daemon without a model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from ses.llm.answers import ChatAnswer, ChatChunk, CompletionAnswer, EmbeddingAnswer
from ses.llm.contract import EngineState, ModelInfo
from ses.llm.errors import EngineUnavailable
from ses.llm.requests import ChatRequest, CompletionRequest, EmbeddingRequest

RETRY_AFTER = 3600.0
"""Seconds: only a new configuration changes it."""


class NoEngine:
    """Implements `ses.llm.contract.Engine`: says that there is none."""

    def __init__(self, reason: str = "no language model is configured: see `llm` in config.json") -> None:
        self._reason = reason

    def models(self) -> Sequence[ModelInfo]:
        return ()

    def state(self) -> EngineState:
        return EngineState("off", self._reason)

    async def chat(self, request: ChatRequest) -> ChatAnswer:
        raise self._unavailable()

    def stream_chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        return failing_stream(self._unavailable())

    async def complete(self, request: CompletionRequest) -> CompletionAnswer:
        raise self._unavailable()

    def stream_complete(self, request: CompletionRequest) -> AsyncGenerator[CompletionAnswer, None]:
        return failing_stream(self._unavailable())

    async def embed(self, request: EmbeddingRequest) -> EmbeddingAnswer:
        raise self._unavailable()

    async def count_tokens(self, request: ChatRequest | CompletionRequest) -> int | None:
        raise self._unavailable()

    def cache_prompts(self, name: str, prompts: Sequence[ChatRequest]) -> None:
        del name, prompts

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        return

    def _unavailable(self) -> EngineUnavailable:
        return EngineUnavailable(self._reason, retry_after=RETRY_AFTER)


async def failing_stream(error: Exception) -> AsyncGenerator[Any, None]:
    """A stream that fails before its first piece."""
    nothing: tuple[Any, ...] = ()
    for piece in nothing:  # makes it a generator
        yield piece
    raise error
