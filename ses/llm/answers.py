"""What an engine answers, in the form of OpenAI's protocol: decoded from any server's JSON, encoded to any client's.

Whole answers (`ChatAnswer`) and the pieces of a stream (`ChatChunk`) have the same outline. Unknown keys of servers are dropped.
"""

from __future__ import annotations

from typing import Any

import msgspec


class PromptDetails(msgspec.Struct, frozen=True):
    cached_tokens: int | None = None
    """Tokens of the prompt that were in the engine's prompt cache."""


class Usage(msgspec.Struct, frozen=True):
    """Tokens spent; all `n` answers together."""

    prompt_tokens: int = 0
    completion_tokens: int | None = 0
    total_tokens: int = 0
    prompt_tokens_details: PromptDetails | None = None


class Alternative(msgspec.Struct, frozen=True):
    """A token that could have stood here."""

    token: str
    logprob: float
    bytes: list[int] | None = None


class TokenScore(msgspec.Struct, frozen=True):
    """A token of the answer, with its natural logarithm of probability."""

    token: str
    logprob: float
    bytes: list[int] | None = None
    top_logprobs: list[Alternative] = []


class Logprobs(msgspec.Struct, frozen=True):
    content: list[TokenScore] | None = None


class FunctionCall(msgspec.Struct, frozen=True):
    name: str | None = None
    arguments: str | None = None
    """JSON; in a stream a piece of it."""


class ToolCall(msgspec.Struct, frozen=True):
    """A function the model wants called. In a stream the pieces of one call share `index`, and only the first has `id` and name."""

    function: FunctionCall
    id: str | None = None
    type: str | None = "function"
    index: int = 0


class AssistantMessage(msgspec.Struct):
    """A message of the language model, or a piece of one."""

    role: str | None = None
    content: str | None = None
    reasoning: str | None = None
    tool_calls: list[ToolCall] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    """How some servers call `reasoning`; moved there."""

    def __post_init__(self) -> None:
        if self.reasoning is None and self.reasoning_content is not None:
            self.reasoning, self.reasoning_content = self.reasoning_content, None


class ChatChoice(msgspec.Struct, frozen=True, kw_only=True):
    index: int = 0
    message: AssistantMessage
    finish_reason: str | None = None
    """`stop`, `length`, `tool_calls`, `content_filter`."""
    stop_reason: int | str | None = None
    """The stop text (or token) that ended it."""
    logprobs: Logprobs | None = None


class ChatAnswer(msgspec.Struct, kw_only=True):
    id: str = ""
    created: int = 0
    """Seconds since 1970."""
    model: str = ""
    choices: list[ChatChoice]
    usage: Usage = Usage()
    prompt_logprobs: Any = None

    @property
    def text(self) -> str:
        """The first answer's text."""
        return (self.choices[0].message.content or "") if self.choices else ""


class ChatPiece(msgspec.Struct, frozen=True, kw_only=True):
    index: int = 0
    delta: AssistantMessage
    finish_reason: str | None = None
    stop_reason: int | str | None = None
    logprobs: Logprobs | None = None


class ChatChunk(msgspec.Struct, kw_only=True):
    """A piece of a stream. The last one has no choices and holds `usage`."""

    id: str = ""
    created: int = 0
    model: str = ""
    choices: list[ChatPiece] = []
    usage: Usage | None = None

    @property
    def text(self) -> str:
        """What was added to the first answer's text."""
        return next((piece.delta.content or "" for piece in self.choices if piece.index == 0), "")


class CompletionChoice(msgspec.Struct, frozen=True, kw_only=True):
    index: int = 0
    text: str = ""
    finish_reason: str | None = None
    stop_reason: int | str | None = None
    logprobs: Any = None
    """`{tokens, token_logprobs, top_logprobs, text_offset}`."""
    prompt_logprobs: Any = None


class CompletionAnswer(msgspec.Struct, kw_only=True):
    """A whole answer, or a piece of a stream (whose last has no choices and holds `usage`)."""

    id: str = ""
    created: int = 0
    model: str = ""
    choices: list[CompletionChoice] = []
    usage: Usage | None = None


class EmbeddingAnswer(msgspec.Struct, frozen=True, kw_only=True):
    model: str
    vectors: list[list[float]]
    """One for each input, in order."""
    usage: Usage = Usage()
