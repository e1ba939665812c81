"""From the engine's response to what a client gets: keys and their order are part of the API."""

from __future__ import annotations

from collections.abc import Sequence
from time import time
from typing import Any
from uuid import uuid4

import msgspec

from ses.llm.answers import (
    AssistantMessage,
    ChatAnswer,
    ChatChunk,
    CompletionAnswer,
    CompletionChoice,
    Logprobs,
    ToolCall,
    Usage,
)

TOOL_ID = "chatcmpl-tool-"


class Head(msgspec.Struct, frozen=True):
    """What all pieces of one answer share."""

    id: str
    created: int
    """Seconds since 1970."""
    model: str

    @classmethod
    def of(cls, kind: str, model: str) -> Head:
        """`kind`: `chatcmpl` or `cmpl`."""
        return cls(f"{kind}-{uuid4().hex}", int(time()), model)

    def fields(self, object: str) -> dict[str, Any]:
        return {"id": self.id, "object": object, "created": self.created, "model": self.model}


def usage_of(usage: Usage) -> dict[str, Any]:
    details = usage.prompt_tokens_details
    return {
        "prompt_tokens": usage.prompt_tokens,
        "total_tokens": usage.total_tokens,
        "completion_tokens": usage.completion_tokens or 0,
        "prompt_tokens_details": None if details is None else {"cached_tokens": details.cached_tokens},
    }


# --- chat ----------------------------------------------------------------------------------------------------


def chat_answer(head: Head, answer: ChatAnswer) -> dict[str, Any]:
    return {
        **head.fields("chat.completion"),
        "choices": [
            {
                "index": choice.index,
                "message": {
                    "role": "assistant",
                    "reasoning_content": choice.message.reasoning,
                    "content": choice.message.content,
                    "tool_calls": [_tool_call(call) for call in choice.message.tool_calls or ()],
                },
                "logprobs": _logprobs(choice.logprobs),
                "finish_reason": "tool_calls"
                if choice.message.tool_calls and choice.finish_reason == "stop"
                else choice.finish_reason,
                "stop_reason": choice.stop_reason,
            }
            for choice in answer.choices
        ],
        "usage": usage_of(answer.usage),
        "prompt_logprobs": answer.prompt_logprobs,
    }


class ChatPieces:
    """Makes the pieces of one streamed answer. It remembers which choices called a tool, and the ids of the calls."""

    def __init__(self, head: Head, *, include_usage: bool) -> None:
        self._fields = head.fields("chat.completion.chunk")
        self._usage: dict[str, Any] = {"usage": None} if include_usage else {}
        self._opened: set[int] = set()
        self._called: set[int] = set()

    def piece(self, chunk: ChatChunk) -> dict[str, Any] | None:
        """None for a chunk that the client is not told of."""
        if not chunk.choices:
            if chunk.usage is None or not self._usage:
                return None
            return {**self._fields, "choices": [], "usage": usage_of(chunk.usage)}
        choices = []
        for choice in chunk.choices:
            if choice.delta.tool_calls:
                self._called.add(choice.index)
            end: dict[str, Any] = {"finish_reason": choice.finish_reason}
            if choice.finish_reason is not None:
                if choice.finish_reason == "stop" and choice.index in self._called:
                    end["finish_reason"] = "tool_calls"
                end["stop_reason"] = choice.stop_reason
            delta = self._delta(choice.index, choice.delta)
            choices.append(
                {"index": choice.index, "delta": delta, "logprobs": _logprobs(choice.logprobs), **end}
            )
        return {**self._fields, "choices": choices, **self._usage}

    def _delta(self, index: int, said: AssistantMessage) -> dict[str, Any]:
        delta: dict[str, Any] = {}
        if index not in self._opened:
            self._opened.add(index)
            delta["role"] = "assistant"
        if said.reasoning is not None:
            delta["reasoning_content"] = said.reasoning
        if said.content is not None:
            delta["content"] = said.content
        if said.tool_calls:
            delta["tool_calls"] = [_tool_piece(call) for call in said.tool_calls]
        return delta


def _tool_call(call: ToolCall) -> dict[str, Any]:
    return {
        "id": _tool_id(call.id),
        "type": "function",
        "function": {"name": call.function.name, "arguments": call.function.arguments or ""},
    }


def _tool_piece(call: ToolCall) -> dict[str, Any]:
    function = {
        name: value
        for name, value in (("name", call.function.name), ("arguments", call.function.arguments))
        if value is not None
    }
    first = {"id": _tool_id(call.id), "type": "function"} if call.function.name is not None else {}
    return {"index": call.index, **first, "function": function}


def _tool_id(given: str | None) -> str:
    return given if given and given.startswith(TOOL_ID) else f"{TOOL_ID}{uuid4().hex}"


def _logprobs(logprobs: Logprobs | None) -> Any:
    return None if logprobs is None else msgspec.to_builtins(logprobs)


# --- completions -----------------------------------------------------------------------------------------------


def completion_answer(head: Head, choices: Sequence[CompletionChoice], usage: Usage) -> dict[str, Any]:
    return {
        **head.fields("text_completion"),
        "choices": [_completion_choice(choice) for choice in choices],
        "usage": usage_of(usage),
    }


def completion_piece(head: Head, chunk: CompletionAnswer, *, include_usage: bool) -> dict[str, Any] | None:
    """None for a chunk that the client is not told of."""
    if not chunk.choices:
        if chunk.usage is None or not include_usage:
            return None
        return {**head.fields("text_completion"), "choices": [], "usage": usage_of(chunk.usage)}
    piece = {
        **head.fields("text_completion"),
        "choices": [_completion_choice(choice) for choice in chunk.choices],
    }
    return {**piece, "usage": None} if include_usage else piece


def _completion_choice(choice: CompletionChoice) -> dict[str, Any]:
    return {
        "index": choice.index,
        "text": choice.text,
        "logprobs": choice.logprobs,
        "finish_reason": choice.finish_reason,
        "stop_reason": choice.stop_reason,
        "prompt_logprobs": choice.prompt_logprobs,
    }


def best(
    choices: Sequence[CompletionChoice], *, best_of: int, n: int, logprobs: bool
) -> list[CompletionChoice]:
    """Of each prompt's `best_of` answers the `n` with the highest mean log-probability, numbered anew."""
    kept: list[CompletionChoice] = []
    ordered = sorted(choices, key=lambda choice: choice.index)
    for begin in range(0, len(ordered), best_of):
        ranked = sorted(ordered[begin : begin + best_of], key=_mean, reverse=True)
        for choice in ranked[:n]:
            kept.append(
                msgspec.structs.replace(
                    choice, index=len(kept), logprobs=choice.logprobs if logprobs else None
                )
            )
    return kept


def _mean(choice: CompletionChoice) -> float:
    scores = (choice.logprobs or {}).get("token_logprobs") or ()
    known = [score for score in scores if score is not None]  # a prompt that is repeated begins with none
    return sum(known) / len(known) if known else float("-inf")
