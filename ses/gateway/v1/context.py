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
    engine: Engine, request: Request, ask: Callable[[Request], Awaitable[Answer]], *, asked: int | None
) -> Answer:
    """Ask; a `max_tokens` that the client did not name (`asked` is none) is lowered to what fits.

    Raises 400 with one of the guide's two texts. Nothing is counted beforehand: most requests fit.
    """
    try:
        return await ask(request)
    except ContextTooLong as error:
        prompt = error.prompt_tokens
        if prompt is None:
            prompt = await engine.count_tokens(request)
        if prompt is None:
            raise V1Error(400, str(error)) from None
        if prompt >= error.limit:
            raise V1Error(400, _prompt_too_long(error.limit, prompt)) from None
        if asked is not None:
            raise V1Error(400, _answer_too_long(error.limit, prompt, asked)) from None
        request.max_tokens = error.limit - prompt
    try:
        return await ask(request)
    except ContextTooLong as error:
        raise V1Error(400, str(error)) from None


def _prompt_too_long(limit: int, prompt: int) -> str:
    return (
        f"This model's maximum context length is {limit} tokens. However, you requested {prompt} tokens in the messages, "
        "Please reduce the length of the messages."
    )


def _answer_too_long(limit: int, prompt: int, asked: int) -> str:
    return (
        f"This model's maximum context length is {limit} tokens. However, you requested {prompt + asked} tokens "
        f"({prompt} in the messages, {asked} in the completion). Please reduce the length of the messages or completion."
    )
