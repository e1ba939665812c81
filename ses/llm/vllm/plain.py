"""Plain text, piece by piece, straight from what vLLM generates.

vLLM's own stream makes three pydantic objects and JSON of every piece, for a client far away; here they would be taken apart again.
Most answers are text and nothing else. What a parser reads (tools, reasoning), and what is more than text, goes vLLM's way.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from ses.llm.answers import AssistantMessage, ChatChunk, ChatPiece, PromptDetails, Usage
from ses.llm.errors import EngineDied


def shorten_streams(serving: Any) -> None:
    """Let `serving` (vLLM's `OpenAIServingChat`) stream plain text as `ChatChunk`s; other streams remain server-sent events."""
    at_length = serving.chat_completion_stream_generator

    def stream(request: Any, outputs: AsyncGenerator[Any, None], *rest: Any, **more: Any) -> Any:
        # An administrator who asks vLLM to log answers (`args: {"enable_log_outputs": true}`) gets them.
        more_than_text = request.logprobs or request.echo or serving.enable_log_outputs
        if serving.parser_cls is None and not more_than_text:
            return chunks(outputs, request.n or 1)
        return at_length(request, outputs, *rest, **more)

    serving.chat_completion_stream_generator = stream


async def chunks(outputs: AsyncGenerator[Any, None], n: int) -> AsyncGenerator[ChatChunk, None]:
    """`n` answers: the role of each, their pieces, and what they cost. `outputs`: vLLM's `RequestOutput`s, each with what is new.

    Raises `EngineDied` for an answer that failed, and what vLLM raises.
    """
    prompt = spent = 0
    cached: int | None = None
    begun = False
    async with aclosing(outputs):
        async for output in outputs:
            if not begun:
                begun = True
                prompt, cached = len(output.prompt_token_ids or ()), output.num_cached_tokens
                for index in range(n):
                    yield ChatChunk(
                        choices=[ChatPiece(index=index, delta=AssistantMessage(role="assistant", content=""))]
                    )
            for one in output.outputs:
                if one.finish_reason == "error":
                    raise EngineDied("the model's engine failed on this request")
                spent += len(one.token_ids)
                if not (one.text or one.token_ids or one.finish_reason):
                    continue  # a part of a long prompt was read
                piece = ChatPiece(
                    index=one.index,
                    delta=AssistantMessage(content=one.text),
                    finish_reason=one.finish_reason,
                    stop_reason=one.stop_reason,
                )
                yield ChatChunk(choices=[piece])
    details = None if cached is None else PromptDetails(cached_tokens=cached)
    yield ChatChunk(usage=Usage(prompt, spent, prompt + spent, details))
