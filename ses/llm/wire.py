"""Requests as OpenAI-compatible JSON, and answers back: the one place where our structs meet the protocol."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ses.llm.answers import ChatAnswer, ChatChunk, CompletionAnswer, EmbeddingAnswer, Usage
from ses.llm.errors import BadRequest, ContextTooLong, EngineBusy, EngineDied, EngineError, UnknownModel
from ses.llm.requests import (
    ChatRequest,
    Choice,
    CompletionRequest,
    EmbeddingRequest,
    Grammar,
    JsonSchema,
    Regex,
    ResponseFormat,
)

OURS = frozenset({"response_format", "extra", "priority"})
"""Fields of requests that have another form in the protocol, or none."""

chat_answer = msgspec.json.Decoder(ChatAnswer)
chat_chunk = msgspec.json.Decoder(ChatChunk)
completion_answer = msgspec.json.Decoder(CompletionAnswer)


class _Vector(msgspec.Struct):
    embedding: list[float]
    index: int = 0


class _Embeddings(msgspec.Struct):
    data: list[_Vector]
    usage: Usage = Usage()


_embeddings = msgspec.json.Decoder(_Embeddings)


def embedding_answer(data: bytes, model: str) -> EmbeddingAnswer:
    """Reads the answer to a request for embeddings."""
    answer = _embeddings.decode(data)
    vectors = [one.embedding for one in sorted(answer.data, key=lambda one: one.index)]
    return EmbeddingAnswer(model=model, vectors=vectors, usage=answer.usage)


def body(
    request: ChatRequest | CompletionRequest | EmbeddingRequest, *, model: str, stream: bool = False
) -> dict[str, Any]:
    """The JSON object of a request to a server that knows the model under the name `model`.

    A choice, a regular expression and a grammar go as vLLM's `structured_outputs`: OpenAI's protocol has no words for them.
    """
    data: dict[str, Any] = {
        name: value
        for name in request.__struct_fields__
        if name not in OURS and (value := getattr(request, name)) not in (None, (), "")
    }
    data["model"] = model
    if not isinstance(request, EmbeddingRequest):
        if request.response_format is not None:
            data |= _response_format(request.response_format)
        if stream:
            data["stream"] = True
            data["stream_options"] = {"include_usage": True}
        if isinstance(request, ChatRequest) and not request.logprobs:
            del data["logprobs"]
    return data | request.extra


def _response_format(wanted: ResponseFormat) -> dict[str, Any]:
    match wanted:
        case JsonSchema(schema=schema) if not schema:
            return {"response_format": {"type": "json_object"}}
        case JsonSchema(schema=schema, name=name, strict=strict):
            named = {"name": name, "schema": schema, "strict": strict}
            return {"response_format": {"type": "json_schema", "json_schema": named}}
        case Choice(options=options):
            return {"structured_outputs": {"choice": list(options)}}
        case Regex(pattern=pattern):
            return {"structured_outputs": {"regex": pattern}}
        case Grammar(ebnf=ebnf):
            return {"structured_outputs": {"grammar": ebnf}}


class Refusal(msgspec.Struct):
    """What a server says when it does not answer."""

    message: str = ""
    type: str | None = None
    param: str | None = None
    code: int | str | None = None


class _Enveloped(msgspec.Struct):
    error: Refusal


_enveloped = msgspec.json.Decoder(_Enveloped, strict=False)
_flat = msgspec.json.Decoder(Refusal, strict=False)


def refusal(data: bytes) -> Refusal:
    """Reads `{"error": {…}}`, the flat form some servers use, and anything else as nothing told."""
    for decoder in (_enveloped, _flat):
        try:
            found = decoder.decode(data)
        except msgspec.MsgspecError:
            continue
        return found.error if isinstance(found, _Enveloped) else found
    return Refusal()


_LIMIT = re.compile(r"(?:maximum context length|context length)\D{0,40}?(\d+)")
_PROMPT = re.compile(r"(\d+)(?: input)? (?:tokens )?(?:in the messages|in the prompt|input tokens)")


def failure(status: int, refusal: Refusal, *, model: str, retry_after: float = 5.0) -> EngineError:
    """The typed error for an answer with an HTTP status of 400 or more."""
    text = refusal.message or f"the server answered {status}"
    if limit := _LIMIT.search(text):
        prompt = _PROMPT.search(text)
        return ContextTooLong(
            prompt_tokens=int(prompt[1]) if prompt else None, max_tokens=None, limit=int(limit[1])
        )
    if status == 404:
        return UnknownModel(model)
    if status in (429, 503):
        return EngineBusy(text, retry_after=retry_after)
    if status >= 500:
        return EngineDied(text)
    return BadRequest(text, attribute=refusal.param or "")
