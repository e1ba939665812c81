"""Two engines as one: one converses, the other turns texts into vectors."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import msgspec

from ses.llm.answers import ChatAnswer, ChatChunk, CompletionAnswer, EmbeddingAnswer
from ses.llm.contract import Engine, EngineState, ModelInfo
from ses.llm.requests import ChatRequest, CompletionRequest, EmbeddingRequest


class EnginePair:
    """Implements `ses.llm.contract.Engine`. Its state is that of the conversing one, with the other's trouble told."""

    def __init__(self, chat: Engine, vectors: Engine) -> None:
        self._chat = chat
        self._vectors = vectors

    def models(self) -> Sequence[ModelInfo]:
        return [*self._chat.models(), *self._vectors.models()]

    def state(self) -> EngineState:
        chat, vectors = self._chat.state(), self._vectors.state()
        reason = chat.reason or ("" if vectors.ready else f"embeddings: {vectors.reason}")
        return msgspec.structs.replace(chat, reason=reason, restarts=chat.restarts + vectors.restarts)

    async def chat(self, request: ChatRequest) -> ChatAnswer:
        return await self._chat.chat(request)

    def stream_chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        return self._chat.stream_chat(request)

    async def complete(self, request: CompletionRequest) -> CompletionAnswer:
        return await self._chat.complete(request)

    def stream_complete(self, request: CompletionRequest) -> AsyncGenerator[CompletionAnswer, None]:
        return self._chat.stream_complete(request)

    async def embed(self, request: EmbeddingRequest) -> EmbeddingAnswer:
        return await self._vectors.embed(request)

    async def count_tokens(self, request: ChatRequest | CompletionRequest) -> int | None:
        return await self._chat.count_tokens(request)

    def cache_prompts(self, name: str, prompts: Sequence[ChatRequest]) -> None:
        self._chat.cache_prompts(name, prompts)

    async def start(self) -> None:
        await self._chat.start()
        await self._vectors.start()

    async def stop(self) -> None:
        await self._chat.stop()
        await self._vectors.stop()
