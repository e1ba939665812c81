"""One running vLLM: requests in, typed answers and typed errors out."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, TypeVar

import msgspec

from ses.llm import wire
from ses.llm.answers import ChatAnswer, ChatChunk, CompletionAnswer, EmbeddingAnswer
from ses.llm.errors import ContextTooLong, EngineDied, EngineError
from ses.llm.requests import ChatRequest, CompletionRequest, EmbeddingRequest, Priority
from ses.llm.supervised import Load
from ses.llm.vllm.counting import count
from ses.llm.vllm.failures import speaks_of_length, typed
from ses.llm.vllm.gauge import Gauge
from ses.llm.vllm.plain import shorten_streams

T = TypeVar("T")

RANKS: Mapping[Priority, int] = {"conversation": 0, "gateway": 1, "batch": 2}
"""vLLM serves the lower number first, and preempts a higher one when its cache is full."""
LOOKS = 0.5
"""Seconds between two looks whether the engine core lives; a request that fails makes one look at once."""
DATA = len("data: ")


class VllmCore:
    """Implements `ses.llm.supervised.Core`."""

    def __init__(self, engine: Any, state: Any, gauge: Gauge, name: str) -> None:
        self._engine = engine
        self._state = state
        self._gauge = gauge
        self._name = name
        self._doubted = asyncio.Event()
        self.max_model_len: int = engine.model_config.max_model_len
        chat = getattr(state, "openai_serving_chat", None)
        if chat is not None:
            shorten_streams(chat)
            chat.render_chat_request = self._fitting(chat.render_chat_request)
            completion = state.openai_serving_completion
            completion.render_completion_request = self._fitting(completion.render_completion_request)

    async def chat(self, request: ChatRequest) -> ChatAnswer:
        answer = await self._chat(request, stream=False)
        return wire.chat_answer.decode(answer.model_dump_json())

    def stream_chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        return self._pieces(partial(self._chat, request, stream=True), wire.chat_chunk)

    async def complete(self, request: CompletionRequest) -> CompletionAnswer:
        answer = await self._completion(request, stream=False)
        return wire.completion_answer.decode(answer.model_dump_json())

    def stream_complete(self, request: CompletionRequest) -> AsyncGenerator[CompletionAnswer, None]:
        return self._pieces(partial(self._completion, request, stream=True), wire.completion_answer)

    async def embed(self, request: EmbeddingRequest) -> EmbeddingAnswer:
        from vllm.entrypoints.pooling.embed.protocol import EmbeddingCompletionRequest

        async def answer() -> Any:
            asked = EmbeddingCompletionRequest.model_validate(self._body(request, stream=False))
            return await self._state.serving_embedding(asked)

        response = await self._typed(answer())
        return wire.embedding_answer(response.body, self._name)

    async def count_tokens(self, request: ChatRequest | CompletionRequest) -> int | None:
        template = self._state.online_renderer.chat_template
        tokenizer = self._engine.renderer.get_tokenizer()
        return await asyncio.to_thread(count, request, tokenizer, template)

    def load(self) -> Load:
        return self._gauge.load

    async def died(self) -> str:
        while not self._dead:  # vLLM has a flag and no event
            self._doubted.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._doubted.wait(), LOOKS)
        return "its process ended"

    async def close(self) -> None:
        engine, self._engine, self._state = self._engine, None, None
        await asyncio.to_thread(engine.shutdown, 5)
        # It is a knot of references that frees processes and sockets when it is untied: before the interpreter is.
        del engine
        await asyncio.to_thread(gc.collect)

    @property
    def _dead(self) -> bool:
        return self._engine is None or self._engine.errored

    # --- towards vLLM --------------------------------------------------------------------------------------

    async def _chat(self, request: ChatRequest, *, stream: bool) -> Any:
        from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest

        async def answer() -> Any:
            asked = ChatCompletionRequest.model_validate(self._body(request, stream=stream))
            return await self._state.openai_serving_chat.create_chat_completion(asked, None)

        return await self._typed(answer(), request)

    async def _completion(self, request: CompletionRequest, *, stream: bool) -> Any:
        from vllm.entrypoints.openai.completion.protocol import CompletionRequest as Asked

        async def answer() -> Any:
            asked = Asked.model_validate(self._body(request, stream=stream))
            return await self._state.openai_serving_completion.create_completion(asked, None)

        return await self._typed(answer(), request)

    def _body(
        self, request: ChatRequest | CompletionRequest | EmbeddingRequest, *, stream: bool
    ) -> dict[str, Any]:
        return wire.body(request, model=self._name, stream=stream) | {"priority": RANKS[request.priority]}

    async def _typed(
        self, answer: Awaitable[Any], request: ChatRequest | CompletionRequest | None = None
    ) -> Any:
        """What vLLM answers. Raises `EngineError`s only, and its cancellation, which vLLM turns into an answer."""
        from vllm.entrypoints.serve.engine.protocol import ErrorResponse

        try:
            response = await answer
        except Exception as error:
            if request is not None and speaks_of_length(error):
                raise await self._too_long(request) from error
            raise self._failure(error) from error
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError
        if isinstance(response, ErrorResponse):
            error_info = response.error
            refusal = wire.Refusal(error_info.message, error_info.type, error_info.param)
            raise self._refused(error_info.code, refusal)
        return response

    async def _pieces(
        self, ask: Callable[[], Awaitable[AsyncGenerator[Any, None]]], decoder: msgspec.json.Decoder[T]
    ) -> AsyncGenerator[T, None]:
        """The pieces of a stream: as they are, or read from server-sent events that never left the process."""
        async with aclosing(await ask()) as events:
            try:
                async for event in events:
                    if not isinstance(event, str):
                        yield event
                    elif event.startswith("data: {"):
                        yield self._read(event[DATA:], decoder)
            except EngineError:
                raise
            except Exception as error:
                raise self._failure(error) from error

    def _read(self, event: str, decoder: msgspec.json.Decoder[T]) -> T:
        if event.startswith('{"error"'):
            refusal = wire.refusal(event.encode())
            raise self._refused(refusal.code if isinstance(refusal.code, int) else 500, refusal)
        return decoder.decode(event)

    def _failure(self, error: Exception) -> EngineError:
        self._doubted.set()
        return typed(error, dead=self._dead)

    def _refused(self, status: int, refusal: wire.Refusal) -> EngineError:
        self._doubted.set()
        if self._dead:
            return EngineDied("the model's engine ended while it answered")
        return wire.failure(status, refusal, model=self._name)

    # --- lengths -------------------------------------------------------------------------------------------

    def _fitting(self, render: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
        """vLLM silently shortens an answer that does not fit behind its prompt; here one that was asked for is refused."""
        from vllm.entrypoints.serve.engine.protocol import ErrorResponse
        from vllm.renderers.inputs.preprocess import extract_prompt_len

        async def fitting(request: Any) -> Any:
            rendered = await render(request)
            if isinstance(rendered, ErrorResponse):
                return rendered
            inputs = rendered[1] if isinstance(rendered, tuple) else rendered
            longest = max((extract_prompt_len(self._engine.model_config, one) for one in inputs), default=0)
            # vLLM gives completions 16 tokens unless told otherwise; those are no wish of the caller's.
            wished = request.max_tokens if "max_tokens" in request.model_fields_set else None
            if longest >= self.max_model_len or longest + (wished or 0) > self.max_model_len:
                raise self._does_not_fit(longest, wished)
            return rendered

        return fitting

    async def _too_long(self, request: ChatRequest | CompletionRequest) -> ContextTooLong:
        """vLLM stops counting a prompt at the end of the context; callers are told its whole length."""
        return self._does_not_fit(await self.count_tokens(request), request.max_tokens)

    def _does_not_fit(self, prompt: int | None, wished: int | None) -> ContextTooLong:
        alone = prompt is None or prompt >= self.max_model_len
        return ContextTooLong(
            prompt_tokens=prompt, max_tokens=None if alone else wished, limit=self.max_model_len
        )
