"""`POST /v1/chat/completions`"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec
from aiohttp import web

from ses.gateway.envelope import HARDENED
from ses.gateway.v1.answered import ChatPieces, Head, chat_answer
from ses.gateway.v1.asked import chat_request, texts_of
from ses.gateway.v1.bodies import validated
from ses.gateway.v1.context import within_context
from ses.gateway.v1.errors import of_engine, unknown_model
from ses.gateway.v1.exchange import Exchange
from ses.gateway.v1.ranges import check_chat
from ses.gateway.v1.requests import ChatCompletionBody
from ses.gateway.v1.serving import Serving
from ses.gateway.v1.streaming import Events, first_of
from ses.gateway.v1.whole import WholeChat
from ses.llm.answers import ChatAnswer, ChatChoice, ChatChunk, ChatPiece, Said
from ses.llm.errors import EngineError
from ses.llm.requests import ChatRequest

UNKNOWN = 404
"""Status of an unknown model, as printed."""


class ChatCompletions:
    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def serve(self, exchange: Exchange) -> web.StreamResponse:
        sent = await exchange.json()
        body = validated(ChatCompletionBody, sent)
        self._serving.check_model("chat", body.model, unknown_model(body.model, UNKNOWN))
        check_chat(body, sent, self._serving.max_n)
        request = chat_request(body)
        head = Head.of("chatcmpl", body.model)
        usage = bool(body.stream_options and body.stream_options.include_usage)
        try:
            if self._serving.censor is not None:
                answer = await self._censored(body, request)
                return (
                    await self._told(exchange, head, _as_chunks(answer), include_usage=usage)
                    if body.stream
                    else _json(head, answer)
                )
            if body.stream:
                chunks = await self._begun(request, asked=request.max_tokens)
                return await self._told(exchange, head, chunks, include_usage=usage)
            return _json(head, await self._whole(request))
        except EngineError as error:
            raise of_engine(error, unknown=UNKNOWN) from None

    async def _whole(self, request: ChatRequest) -> ChatAnswer:
        engine = self._serving.engine
        return await within_context(engine, request, engine.chat, asked=request.max_tokens)

    async def _begun(self, request: ChatRequest, *, asked: int | None) -> AsyncGenerator[ChatChunk, None]:
        """The stream, once its first piece is there: what fails until then is answered with a status."""

        async def begin(request: ChatRequest) -> tuple[ChatChunk | None, AsyncGenerator[ChatChunk, None]]:
            stream = self._serving.engine.stream_chat(request)
            return await first_of(stream), stream

        first, rest = await within_context(self._serving.engine, request, begin, asked=asked)
        return _all(first, rest)

    async def _told(
        self, exchange: Exchange, head: Head, chunks: AsyncGenerator[ChatChunk, None], *, include_usage: bool
    ) -> web.StreamResponse:
        pieces = ChatPieces(head, include_usage=include_usage)
        whole = WholeChat()
        if self._serving.journaled:
            exchange.whole = lambda: whole.fields(head)
        events = Events(exchange.request)
        async with aclosing(chunks):
            await events.open()
            try:
                async for chunk in chunks:
                    if self._serving.journaled:
                        whole.add(chunk)
                    if (piece := pieces.piece(chunk)) is not None:
                        await events.send(piece)
            except EngineError as error:
                return await events.fail(of_engine(error, unknown=UNKNOWN))
        return await events.done()

    async def _censored(self, body: ChatCompletionBody, request: ChatRequest) -> ChatAnswer:
        verdict = await self._serving.judge("prompt", texts_of(body))
        if not verdict.allowed:
            return ChatAnswer(choices=[_refused(index, verdict.text) for index in range(request.n)])
        answer = await self._whole(request)
        for place, choice in enumerate(answer.choices):
            verdict = await self._serving.judge("answer", choice.message.content or "")
            if not verdict.allowed:
                answer.choices[place] = _refused(choice.index, verdict.text)
        return answer


async def _all(
    first: ChatChunk | None, rest: AsyncGenerator[ChatChunk, None]
) -> AsyncGenerator[ChatChunk, None]:
    async with aclosing(rest):
        if first is not None:
            yield first
        async for chunk in rest:
            yield chunk


async def _as_chunks(answer: ChatAnswer) -> AsyncGenerator[ChatChunk, None]:
    """A whole answer as a stream of a piece for each choice."""
    for choice in answer.choices:
        calls = choice.message.tool_calls
        said = Said(
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


def _refused(index: int, text: str | None) -> ChatChoice:
    return ChatChoice(
        index=index, message=Said(role="assistant", content=text or ""), finish_reason="content_filter"
    )


def _json(head: Head, answer: ChatAnswer) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(chat_answer(head, answer)), content_type="application/json", headers=HARDENED
    )
