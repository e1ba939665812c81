"""`POST /v1/chat/completions`"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

import msgspec
from aiohttp import web

from ses.gateway.v1.accumulator import ChatAccumulator
from ses.gateway.v1.bodies import validated
from ses.gateway.v1.context import within_context
from ses.gateway.v1.engine_request import chat_request, texts_of
from ses.gateway.v1.engine_response import ChatPieces, Head, chat_answer
from ses.gateway.v1.errors import of_engine, unknown_model
from ses.gateway.v1.handler import V1Call
from ses.gateway.v1.ranges import check_chat
from ses.gateway.v1.requests import ChatCompletionBody, wants_usage
from ses.gateway.v1.responses import json_response, stream_response
from ses.gateway.v1.serving import Serving
from ses.gateway.v1.sse import begun
from ses.llm.answers import AssistantMessage, ChatAnswer, ChatChoice, ChatChunk, ChatPiece
from ses.llm.errors import EngineError
from ses.llm.requests import ChatRequest

Answer = TypeVar("Answer")

UNKNOWN = 404
"""Status of an unknown model, as printed."""


class ChatCompletions:
    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def serve(self, call: V1Call) -> web.StreamResponse:
        sent = await call.json()
        body = validated(ChatCompletionBody, sent)
        self._serving.check_model("chat", body.model, unknown_model(body.model, UNKNOWN))
        check_chat(body, sent, self._serving.max_n)
        request = chat_request(body)
        head = Head.of("chatcmpl", body.model)
        pieces = ChatPieces(head, include_usage=wants_usage(body.stream_options))
        accumulator = ChatAccumulator() if self._serving.journaled else None
        try:
            if not body.stream:
                return json_response(chat_answer(head, await self._judged(body, request)))
            chunks = (
                _as_chunks(await self._judged(body, request))
                if self._serving.censor is not None
                else await self._within_context(request, begun(self._serving.engine.stream_chat))
            )
        except EngineError as error:
            raise of_engine(error, unknown=UNKNOWN) from None
        return await stream_response(call, head, chunks, pieces.piece, accumulator, unknown=UNKNOWN)

    async def _within_context(
        self, request: ChatRequest, call: Callable[[ChatRequest], Awaitable[Answer]]
    ) -> Answer:
        return await within_context(self._serving.engine, request, call, max_tokens=request.max_tokens)

    async def _judged(self, body: ChatCompletionBody, request: ChatRequest) -> ChatAnswer:
        """The answer, as far as the censor lets it pass."""
        verdict = await self._serving.judge("prompt", texts_of(body))
        if not verdict.allowed:
            return ChatAnswer(choices=[_refused(index, verdict.text) for index in range(request.n)])
        answer = await self._within_context(request, self._serving.engine.chat)
        for position, choice in enumerate(answer.choices):
            verdict = await self._serving.judge("answer", _text_of(choice.message))
            if not verdict.allowed:
                answer.choices[position] = _refused(choice.index, verdict.text)
        return answer


async def _as_chunks(answer: ChatAnswer) -> AsyncGenerator[ChatChunk, None]:
    """A whole answer as a stream of a piece for each choice."""
    for choice in answer.choices:
        calls = choice.message.tool_calls
        said = AssistantMessage(
            role="assistant",
            content=choice.message.content,
            reasoning=choice.message.reasoning,
            tool_calls=[msgspec.structs.replace(call, index=at) for at, call in enumerate(calls)]
            if calls
            else None,
        )
        piece = ChatPiece(
            index=choice.index,
            delta=said,
            finish_reason=choice.finish_reason,
            stop_reason=choice.stop_reason,
            logprobs=choice.logprobs,
        )
        yield ChatChunk(choices=[piece])
    yield ChatChunk(usage=answer.usage)


def _text_of(said: AssistantMessage) -> str:
    """All that the model wrote: what it thinks and what it calls functions with reach the client, too."""
    calls = (call.function.arguments for call in said.tool_calls or ())
    return "\n".join(filter(None, (said.reasoning, said.content, *calls)))


def _refused(index: int, text: str | None) -> ChatChoice:
    return ChatChoice(
        index=index,
        message=AssistantMessage(role="assistant", content=text or ""),
        finish_reason="content_filter",
    )
