"""Prompts and answers that do not fit into the model's context."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ses.gateway.v1.errors import V1Error
from ses.llm.contract import Engine
from ses.llm.errors import ContextTooLong
from ses.llm.requests import ChatRequest, CompletionRequest

Answer = TypeVar("Answer")
Request = TypeVar("Request", ChatRequest, CompletionRequest)


async def within_context(
    engine: Engine, request: Request, call: Callable[[Request], Awaitable[Answer]], *, max_tokens: int | None
) -> Answer:
    """Call the engine; `max_tokens` that the client did not name (none) is lowered to what fits.

    Raises 400 with one of the two texts that clients know. Nothing is counted beforehand: most requests fit.
    """
    try:
        return await call(request)
    except ContextTooLong as error:
        prompt = error.prompt_tokens
        if prompt is None:
            prompt = await engine.count_tokens(request)
        if prompt is None:
            raise V1Error(400, str(error)) from None
        if prompt >= error.limit:
            raise V1Error(400, _prompt_too_long(error.limit, prompt)) from None
        if max_tokens is not None:
            raise V1Error(400, _answer_too_long(error.limit, prompt, max_tokens)) from None
        request.max_tokens = error.limit - prompt
    try:
        return await call(request)
    except ContextTooLong as error:
        raise V1Error(400, str(error)) from None


def _prompt_too_long(limit: int, prompt: int) -> str:
    return (
        f"This model's maximum context length is {limit} tokens. However, you requested {prompt} tokens in the messages, "
        "Please reduce the length of the messages."
    )


def _answer_too_long(limit: int, prompt: int, max_tokens: int) -> str:
    return (
        f"This model's maximum context length is {limit} tokens. However, you requested {prompt + max_tokens} tokens "
        f"({prompt} in the messages, {max_tokens} in the completion). Please reduce the length of the messages or completion."
    )
