"""An engine for tests that says what it is told to say, piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from hashlib import sha256

from ses.llm.answers import (
    AssistantMessage,
    ChatAnswer,
    ChatChoice,
    ChatChunk,
    ChatPiece,
    CompletionAnswer,
    CompletionChoice,
    EmbeddingAnswer,
    Usage,
)
from ses.llm.contract import EngineState, ModelInfo
from ses.llm.errors import EngineError
from ses.llm.requests import ChatRequest, CompletionRequest, EmbeddingRequest

Script = Callable[[ChatRequest], "str | ChatAnswer | EngineError"]
"""What a request is answered with: a text, a whole answer (tools, log-probabilities), or an error to raise."""


def said(text: str, *, finish_reason: str = "stop") -> ChatAnswer:
    """A plain answer; a word is a token."""
    spent = len(text.split())
    return ChatAnswer(
        id="chatcmpl-test",
        model="test",
        choices=[
            ChatChoice(message=AssistantMessage(role="assistant", content=text), finish_reason=finish_reason)
        ],
        usage=Usage(prompt_tokens=1, completion_tokens=spent, total_tokens=1 + spent),
    )


class ScriptedEngine:
    """Implements `ses.llm.contract.Engine`. Streams go word by word and let other tasks run between the words."""

    def __init__(self, script: Script, *, context: int = 4096) -> None:
        self._script = script
        self._context = context
        self.asked: list[ChatRequest] = []
        """Every chat request, in order."""
        self.cached_prompts: dict[str, Sequence[ChatRequest]] = {}
        self.gate = asyncio.Event()
        """Cleared, it holds every stream after its first word."""
        self.gate.set()
        self.running = 0

    def models(self) -> Sequence[ModelInfo]:
        return (ModelInfo("test", "chat", self._context), ModelInfo("test-vectors", "embeddings", 512))

    def state(self) -> EngineState:
        return EngineState("ready", running=self.running)

    async def chat(self, request: ChatRequest) -> ChatAnswer:
        self.running += 1
        try:
            await self.gate.wait()
            return self._answer(request)
        finally:
            self.running -= 1

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        answer = self._answer(request)
        self.running += 1
        try:
            for choice in answer.choices:
                first = AssistantMessage(role="assistant", content="")
                yield ChatChunk(
                    id=answer.id, model="test", choices=[ChatPiece(index=choice.index, delta=first)]
                )
                words = (choice.message.content or "").split(" ") if choice.message.content else []
                for number, word in enumerate(words):
                    text = f" {word}" if number else word
                    piece = ChatPiece(index=choice.index, delta=AssistantMessage(content=text))
                    yield ChatChunk(id=answer.id, model="test", choices=[piece])
                    await asyncio.sleep(0)
                    await self.gate.wait()
                last = AssistantMessage(tool_calls=choice.message.tool_calls)
                end = ChatPiece(index=choice.index, delta=last, finish_reason=choice.finish_reason)
                yield ChatChunk(id=answer.id, model="test", choices=[end])
            yield ChatChunk(id=answer.id, model="test", usage=answer.usage)
        finally:
            self.running -= 1

    async def complete(self, request: CompletionRequest) -> CompletionAnswer:
        answer = self._answer(_as_chat(request))
        choice = CompletionChoice(text=answer.text, finish_reason="stop")
        return CompletionAnswer(id="cmpl-test", model="test", choices=[choice], usage=answer.usage)

    async def stream_complete(self, request: CompletionRequest) -> AsyncGenerator[CompletionAnswer, None]:
        whole = await self.complete(request)
        for word in whole.choices[0].text.split(" "):
            yield CompletionAnswer(id=whole.id, model="test", choices=[CompletionChoice(text=word)])
        yield CompletionAnswer(id=whole.id, model="test", usage=whole.usage)

    async def embed(self, request: EmbeddingRequest) -> EmbeddingAnswer:
        vectors = [
            [byte / 255 for byte in sha256(repr(text).encode()).digest()[:8]] for text in request.input
        ]
        return EmbeddingAnswer(model="test-vectors", vectors=vectors, usage=Usage(prompt_tokens=len(vectors)))

    async def count_tokens(self, request: ChatRequest | CompletionRequest) -> int | None:
        if isinstance(request, CompletionRequest):
            return len(str(request.prompt).split())
        return sum(len(str(message.get("content", "")).split()) for message in request.messages)

    def cache_prompts(self, name: str, prompts: Sequence[ChatRequest]) -> None:
        self.cached_prompts[name] = prompts

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        return

    def _answer(self, request: ChatRequest) -> ChatAnswer:
        self.asked.append(request)
        answer = self._script(request)
        if isinstance(answer, EngineError):
            raise answer
        return said(answer) if isinstance(answer, str) else answer


def _as_chat(request: CompletionRequest) -> ChatRequest:
    return ChatRequest(messages=[{"role": "user", "content": request.prompt}], max_tokens=request.max_tokens)
