"""From a client's request to the request to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ses.gateway.v1.errors import V1Error
from ses.gateway.v1.requests import (
    ChatCompletionBody,
    CompletionBody,
    EmbeddingBody,
    Message,
    NamedTool,
    TextPart,
)
from ses.llm.contract import ModelInfo, Task
from ses.llm.requests import ChatRequest, CompletionRequest, EmbeddingRequest, JsonSchema

PASSED_THROUGH = frozenset(
    {
        "add_generation_prompt", "add_special_tokens", "allowed_token_ids", "bad_words", "cache_salt", "chat_template",
        "chat_template_kwargs", "continue_final_message", "documents", "guided_choice", "guided_grammar", "guided_json",
        "guided_regex", "ignore_eos", "include_reasoning", "include_stop_str_in_output", "length_penalty", "min_p",
        "min_tokens", "prompt_logprobs", "reasoning_effort", "repetition_penalty", "skip_special_tokens",
        "spaces_between_special_tokens", "stop_token_ids", "structured_outputs", "thinking_token_budget", "top_k",
        "truncate_prompt_tokens", "use_beam_search",
    }
)  # fmt: skip
"""Attributes of vLLM beyond the tables."""
COMPLETION_TOKENS = 16
"""`max_tokens` of a completion that names none."""


def chat_request(body: ChatCompletionBody) -> ChatRequest:
    tools = [tool.model_dump(exclude_none=True) for tool in body.tools] if body.tools else None
    choice: Any = (
        body.tool_choice.model_dump() if isinstance(body.tool_choice, NamedTool) else body.tool_choice
    )
    return ChatRequest(
        model=body.model,
        messages=[message_of(message) for message in body.messages],
        tools=tools,
        tool_choice=choice if tools else None,
        parallel_tool_calls=body.parallel_tool_calls if tools else None,
        logprobs=bool(body.logprobs),
        top_logprobs=body.top_logprobs,
        max_tokens=body.max_tokens if body.max_tokens is not None else body.max_completion_tokens,
        response_format=_response_format(body),
        **_sampling(body),
    )


def completion_request(body: CompletionBody) -> CompletionRequest:
    """`best_of` is not the engine's: so many are asked for, with what ranks them."""
    sampling = _sampling(body)
    logprobs = body.logprobs
    if body.best_of is not None and body.best_of > sampling["n"]:
        sampling["n"] = body.best_of
        logprobs = logprobs or 0
    return CompletionRequest(
        model=body.model,
        prompt=body.prompt,
        max_tokens=COMPLETION_TOKENS if body.max_tokens is None else body.max_tokens,
        logprobs=logprobs,
        echo=bool(body.echo),
        suffix=body.suffix or None,
        **sampling,
    )


def embedding_request(body: EmbeddingBody) -> EmbeddingRequest:
    given: Any = body.input if body.text is None else body.text
    if isinstance(given, str) or isinstance(given[0], int):
        given = [given]
    return EmbeddingRequest(input=given, model=body.model or "", dimensions=body.dimensions)


def texts_of(body: ChatCompletionBody | CompletionBody) -> str:
    """What the client says, for the censor: a line for each message or prompt."""
    if isinstance(body, ChatCompletionBody):
        return "\n".join(content for one in body.messages if (content := _joined(one.content)))
    prompts = [body.prompt] if isinstance(body.prompt, str) else body.prompt
    return "\n".join(prompt for prompt in prompts if isinstance(prompt, str))


def find_model(models: Sequence[ModelInfo], task: Task, name: str, *, unknown: V1Error) -> None:
    """Raises `unknown` when there is no such model."""
    if not any(one.name == name and one.task == task for one in models):
        raise unknown


def message_of(message: Message) -> dict[str, Any]:
    """As chat templates know it: `developer` is the system, parts of a text are one text."""
    fields = message.model_dump(
        exclude_none=True, include={"role", "content", "name", "tool_calls", "tool_call_id"}
    )
    if fields["role"] == "developer":
        fields["role"] = "system"
    if message.content is not None:
        fields["content"] = _joined(message.content)
    return fields


def _joined(content: str | list[TextPart] | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(part.text for part in content)


def _sampling(body: ChatCompletionBody | CompletionBody) -> dict[str, Any]:
    return {
        "temperature": body.temperature,
        "top_p": body.top_p,
        "n": body.n or 1,
        "frequency_penalty": body.frequency_penalty,
        "presence_penalty": body.presence_penalty,
        "logit_bias": body.logit_bias or None,
        "stop": (body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
        "seed": body.seed,
        "user": body.user,
        "extra": {
            name: value
            for name, value in (body.model_extra or {}).items()
            if name in PASSED_THROUGH and value is not None
        },
    }


def _response_format(body: ChatCompletionBody) -> JsonSchema | None:
    wanted = body.response_format
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return JsonSchema(schema={})
    format_ = wanted.json_schema or {}
    return JsonSchema(
        schema=format_.get("schema") or {},
        name=str(format_.get("name") or "answer"),
        strict=format_.get("strict") is not False,
    )
