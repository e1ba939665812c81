"""What `/v1` takes. Errors are told in the order of the attributes here.

Null is every optional attribute's default. Attributes that are not listed are kept: those that vLLM knows are handed
on, the others have no effect.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Finite = Annotated[float, Field(allow_inf_nan=False)]


class RequestModel(BaseModel):
    model_config = ConfigDict(extra="allow", defer_build=True, protected_namespaces=())


class TextPart(RequestModel):
    type: Literal["text"]
    text: str


Content = str | list[TextPart]


class SystemMessage(RequestModel):
    role: Literal["system", "developer"]
    content: Content


class UserMessage(RequestModel):
    role: Literal["user"]
    content: Content


class FunctionCalled(RequestModel):
    name: str
    arguments: str
    """JSON."""


class Called(RequestModel):
    id: str
    type: Literal["function"] = "function"
    function: FunctionCalled


class AssistantMessage(RequestModel):
    role: Literal["assistant"]
    content: Content | None = None
    tool_calls: list[Called] | None = None


class ToolMessage(RequestModel):
    role: Literal["tool"]
    content: Content
    tool_call_id: str


Message = Annotated[SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")]


class StreamOptions(RequestModel):
    include_usage: bool | None = None
    """One more piece before `[DONE]`, with the tokens spent."""


class Function(RequestModel):
    name: Annotated[str, Field(min_length=1, max_length=64)]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    """JSON Schema of the arguments."""
    strict: bool | None = None


class Tool(RequestModel):
    type: Literal["function"]
    function: Function


class NamedFunction(RequestModel):
    name: str


class NamedTool(RequestModel):
    type: Literal["function"]
    function: NamedFunction


class ResponseFormat(RequestModel):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None
    """`{name, schema, strict}` of `json_schema`."""


class ChatCompletionBody(RequestModel):
    model: str
    """One of `GET /v1/models`."""
    messages: list[Message]
    """The conversation so far, the oldest first."""
    temperature: Finite | None = None
    """0…2."""
    top_p: Finite | None = None
    """Above 0, at most 1."""
    max_tokens: int | None = None
    n: int | None = None
    """Answers to generate, 1…MAX_N."""
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    frequency_penalty: Finite | None = None
    """-2…2."""
    presence_penalty: Finite | None = None
    """-2…2."""
    logit_bias: dict[str, Finite] | None = None
    """Token id → -100…100."""
    logprobs: bool | None = None
    top_logprobs: int | None = None
    """0…20, with `logprobs`."""
    stop: str | list[str] | None = None
    parallel_tool_calls: bool | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
    tools: list[Tool] | None = None
    user: str | None = None
    seed: int | None = None
    max_completion_tokens: int | None = None
    """Counts when `max_tokens` is not given."""
    response_format: ResponseFormat | None = None


class CompletionBody(RequestModel):
    model: str
    """One of `GET /v1/models`."""
    prompt: str | list[str] | list[int] | list[list[int]]
    """A text, texts, tokens, or lists of tokens."""
    temperature: Finite | None = None
    """0…2."""
    top_p: Finite | None = None
    """Above 0, at most 1."""
    max_tokens: int | None = None
    """16 by default."""
    n: int | None = None
    """Answers to each prompt, 1…MAX_N."""
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    frequency_penalty: Finite | None = None
    """-2…2."""
    presence_penalty: Finite | None = None
    """-2…2."""
    logit_bias: dict[str, Finite] | None = None
    """Token id → -100…100."""
    best_of: int | None = None
    """Answers to choose the `n` best from, by their mean log-probability; not with `stream`."""
    echo: bool | None = None
    logprobs: int | None = None
    """0…5."""
    seed: int | None = None
    stop: str | list[str] | None = None
    """Four at most."""
    suffix: str | None = None
    user: str | None = None


class EmbeddingBody(RequestModel):
    model: str | None = None
    """Absent: the model of embeddings there is."""
    text: str | list[str] | None = None
    input: str | list[str] | list[int] | list[list[int]] | None = None
    """The same as `text`; one of them is needed."""
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = None
    user: str | None = None


def wants_usage(options: StreamOptions | None) -> bool:
    """Whether a stream is to end with the tokens spent."""
    return options is not None and bool(options.include_usage)
