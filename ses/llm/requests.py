"""What an engine is asked. The fields have the names and meanings of OpenAI's protocol."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Priority = Literal["conversation", "gateway", "batch"]
"""Whose request goes first when the engine is full: a person who waits, a client of the API, work that nobody waits for."""


class JsonSchema(msgspec.Struct, frozen=True, kw_only=True, tag="json"):
    """The answer is JSON that fits `schema`; `{}` admits any object."""

    schema: dict[str, Any]
    name: str = "answer"
    strict: bool = True


class Choice(msgspec.Struct, frozen=True, tag="choice"):
    """The answer is one of these texts, letter for letter."""

    options: tuple[str, ...]


class Regex(msgspec.Struct, frozen=True, tag="regex"):
    """The answer matches this expression as a whole."""

    pattern: str


class Grammar(msgspec.Struct, frozen=True, tag="grammar"):
    """The answer belongs to this context-free grammar (xgrammar's EBNF)."""

    ebnf: str


ResponseFormat = JsonSchema | Choice | Regex | Grammar
"""A form that the decoder enforces, token by token."""


class Sampling(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How tokens are chosen. None leaves it to the model's own settings."""

    max_tokens: int | None = None
    """None: what fits into the model's context after the prompt."""
    temperature: float | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    """By token id, −100…100."""
    seed: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1
    """Answers to one prompt."""
    response_format: ResponseFormat | None = None
    extra: dict[str, Any] = {}
    """Further attributes (`top_k`, `min_p`, `chat_template_kwargs` …), handed to the engine as they are."""


class ChatRequest(Sampling, kw_only=True, omit_defaults=True):
    """Go on with a conversation."""

    messages: list[dict[str, Any]]
    """`{role: system | user | assistant | tool, content, …}`, the oldest first."""
    model: str = ""
    """Empty: the engine's first chat model."""
    tools: list[dict[str, Any]] | None = None
    tool_choice: Literal["none", "auto", "required"] | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    logprobs: bool = False
    top_logprobs: int | None = None
    """0…20 alternatives for each token; needs `logprobs`."""
    user: str | None = None
    priority: Priority = "gateway"


class CompletionRequest(Sampling, kw_only=True, omit_defaults=True):
    """Go on with a text."""

    prompt: str | list[str] | list[int] | list[list[int]]
    model: str = ""
    logprobs: int | None = None
    """0…5 alternatives for each token."""
    echo: bool = False
    suffix: str | None = None
    user: str | None = None
    priority: Priority = "gateway"


class EmbeddingRequest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Turn texts into vectors."""

    input: list[str] | list[list[int]]
    model: str = ""
    """Empty: the engine's model of embeddings."""
    dimensions: int | None = None
    extra: dict[str, Any] = {}
    priority: Priority = "gateway"
