"""`POST /v1/completions`"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from aiohttp import web

from ses.gateway.v1.accumulator import CompletionAccumulator
from ses.gateway.v1.bodies import validated
from ses.gateway.v1.context import within_context
from ses.gateway.v1.engine_request import completion_request, texts_of
from ses.gateway.v1.engine_response import Head, best, completion_answer, completion_piece
from ses.gateway.v1.errors import V1Error, of_engine, unknown_model
from ses.gateway.v1.handler import V1Call
from ses.gateway.v1.ranges import check_completion, out_of_range
from ses.gateway.v1.requests import CompletionBody, wants_usage
from ses.gateway.v1.responses import json_response, stream_response
from ses.gateway.v1.serving import Serving
from ses.gateway.v1.sse import begun
from ses.llm.answers import CompletionAnswer, CompletionChoice, Usage
from ses.llm.errors import BadRequest, EngineError
from ses.llm.requests import CompletionRequest

Answer = TypeVar("Answer")

UNKNOWN = 400
"""Status of an unknown model, as printed."""


class Completions:
    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def serve(self, call: V1Call) -> web.StreamResponse:
        sent = await call.json()
        body = validated(CompletionBody, sent)
        self._serving.check_model("chat", body.model, unknown_model(body.model, UNKNOWN))
        check_completion(body, sent, self._serving.max_n)
        request = completion_request(body)
        head = Head.of("cmpl", body.model)
        usage = wants_usage(body.stream_options)
        accumulator = CompletionAccumulator() if self._serving.journaled else None
        try:
            if not body.stream:
                return json_response(completion_answer(head, *await self._judged(body, request)))
            chunks = (
                _as_chunks(*await self._judged(body, request))
                if self._serving.censor is not None
                else await self._within_context(body, request, begun(self._serving.engine.stream_complete))
            )
        except EngineError as error:
            raise _error_of(error, body) from None
        shown = partial(completion_piece, head, include_usage=usage)
        return await stream_response(call, head, chunks, shown, accumulator, unknown=UNKNOWN)

    async def _within_context(
        self,
        body: CompletionBody,
        request: CompletionRequest,
        call: Callable[[CompletionRequest], Awaitable[Answer]],
    ) -> Answer:
        return await within_context(self._serving.engine, request, call, max_tokens=body.max_tokens)

    async def _judged(
        self, body: CompletionBody, request: CompletionRequest
    ) -> tuple[Sequence[CompletionChoice], Usage]:
        """The answer, as far as the censor lets it pass."""
        verdict = await self._serving.judge("prompt", texts_of(body))
        if not verdict.allowed:
            return [_refused(index, verdict.text) for index in range(body.n or 1)], Usage()
        answer = await self._within_context(body, request, self._serving.engine.complete)
        choices = answer.choices
        if request.n > (body.n or 1):
            choices = best(choices, best_of=request.n, n=body.n or 1, logprobs=body.logprobs is not None)
        judged = []
        for choice in choices:
            verdict = await self._serving.judge("answer", choice.text)
            judged.append(choice if verdict.allowed else _refused(choice.index, verdict.text))
        return judged, answer.usage or Usage()


def _error_of(error: EngineError, body: CompletionBody) -> V1Error:
    if isinstance(error, BadRequest) and error.attribute == "suffix":
        return out_of_range("suffix", "null for this model", repr(body.suffix))
    return of_engine(error, unknown=UNKNOWN)


async def _as_chunks(
    choices: Sequence[CompletionChoice], usage: Usage
) -> AsyncGenerator[CompletionAnswer, None]:
    for choice in choices:
        yield CompletionAnswer(choices=[choice])
    yield CompletionAnswer(usage=usage)


def _refused(index: int, text: str | None) -> CompletionChoice:
    return CompletionChoice(index=index, text=text or "", finish_reason="content_filter")
