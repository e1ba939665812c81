"""`POST /v1/completions`"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import msgspec
from aiohttp import web

from ses.gateway.envelope import HARDENED
from ses.gateway.v1.answered import Head, best, completion_answer, completion_piece
from ses.gateway.v1.asked import completion_request, texts_of
from ses.gateway.v1.bodies import validated
from ses.gateway.v1.context import within_context
from ses.gateway.v1.errors import V1Error, of_engine, unknown_model
from ses.gateway.v1.exchange import Exchange
from ses.gateway.v1.ranges import check_completion, out_of_range
from ses.gateway.v1.requests import CompletionBody
from ses.gateway.v1.serving import Serving
from ses.gateway.v1.streaming import Events, first_of
from ses.gateway.v1.whole import WholeCompletion
from ses.llm.answers import CompletionAnswer, CompletionChoice, Usage
from ses.llm.errors import BadRequest, EngineError
from ses.llm.requests import CompletionRequest

UNKNOWN = 400
"""Status of an unknown model, as printed."""


class Completions:
    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def serve(self, exchange: Exchange) -> web.StreamResponse:
        sent = await exchange.json()
        body = validated(CompletionBody, sent)
        self._serving.check_model("chat", body.model, unknown_model(body.model, UNKNOWN))
        check_completion(body, sent, self._serving.max_n)
        request = completion_request(body)
        head = Head.of("cmpl", body.model)
        usage = bool(body.stream_options and body.stream_options.include_usage)
        try:
            if body.stream:
                chunks = (
                    _as_chunks(*await self._judged(body, request))
                    if self._serving.censor is not None
                    else await self._begun(body, request)
                )
                return await self._told(exchange, head, chunks, include_usage=usage)
            choices, spent = await self._judged(body, request)
        except EngineError as error:
            raise _told_error(error, body) from None
        return web.Response(
            body=msgspec.json.encode(completion_answer(head, choices, spent)),
            content_type="application/json",
            headers=HARDENED,
        )

    async def _judged(
        self, body: CompletionBody, request: CompletionRequest
    ) -> tuple[Sequence[CompletionChoice], Usage]:
        """The answer, as far as the censor lets it pass."""
        verdict = await self._serving.judge("prompt", texts_of(body))
        if not verdict.allowed:
            return [_refused(index, verdict.text) for index in range(body.n or 1)], Usage()
        engine = self._serving.engine
        answer = await within_context(engine, request, engine.complete, asked=body.max_tokens)
        choices = answer.choices
        if request.n > (body.n or 1):
            choices = best(choices, best_of=request.n, n=body.n or 1, logprobs=body.logprobs is not None)
        judged = []
        for choice in choices:
            verdict = await self._serving.judge("answer", choice.text)
            judged.append(choice if verdict.allowed else _refused(choice.index, verdict.text))
        return judged, answer.usage or Usage()

    async def _begun(
        self, body: CompletionBody, request: CompletionRequest
    ) -> AsyncGenerator[CompletionAnswer, None]:
        """The stream, once its first piece is there: what fails until then is answered with a status."""

        async def begin(
            request: CompletionRequest,
        ) -> tuple[CompletionAnswer | None, AsyncGenerator[CompletionAnswer, None]]:
            stream = self._serving.engine.stream_complete(request)
            return await first_of(stream), stream

        first, rest = await within_context(self._serving.engine, request, begin, asked=body.max_tokens)
        return _all(first, rest)

    async def _told(
        self,
        exchange: Exchange,
        head: Head,
        chunks: AsyncGenerator[CompletionAnswer, None],
        *,
        include_usage: bool,
    ) -> web.StreamResponse:
        whole = WholeCompletion()
        if self._serving.journaled:
            exchange.whole = lambda: whole.fields(head)
        events = Events(exchange.request)
        async with aclosing(chunks):
            await events.open()
            try:
                async for chunk in chunks:
                    if self._serving.journaled:
                        whole.add(chunk)
                    if (piece := completion_piece(head, chunk, include_usage=include_usage)) is not None:
                        await events.send(piece)
            except EngineError as error:
                return await events.fail(of_engine(error, unknown=UNKNOWN))
        return await events.done()


def _told_error(error: EngineError, body: CompletionBody) -> V1Error:
    if isinstance(error, BadRequest) and error.attribute == "suffix":
        return out_of_range("suffix", "null for this model", repr(body.suffix))
    return of_engine(error, unknown=UNKNOWN)


async def _all(
    first: CompletionAnswer | None, rest: AsyncGenerator[CompletionAnswer, None]
) -> AsyncGenerator[CompletionAnswer, None]:
    async with aclosing(rest):
        if first is not None:
            yield first
        async for chunk in rest:
            yield chunk


async def _as_chunks(
    choices: Sequence[CompletionChoice], usage: Usage
) -> AsyncGenerator[CompletionAnswer, None]:
    for choice in choices:
        yield CompletionAnswer(choices=[choice])
    yield CompletionAnswer(usage=usage)


def _refused(index: int, text: str | None) -> CompletionChoice:
    return CompletionChoice(index=index, text=text or "", finish_reason="content_filter")
