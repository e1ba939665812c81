"""Bounds of attributes beyond their types: the first that is broken is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ses.gateway.v1.errors import V1Error, cut
from ses.gateway.v1.requests import ChatCompletionBody, CompletionBody, EmbeddingBody, NamedTool

STOPS = 4
"""Stop texts of a completion."""


def out_of_range(attribute: str, must: str, got: object) -> V1Error:
    return V1Error(400, f"{attribute} must be {must}, got {cut(str(got))}.")


def check_chat(body: ChatCompletionBody, sent: Mapping[str, Any], max_n: int) -> None:
    """`sent` is the body as it was written. Raises 400."""
    if not body.messages:
        raise out_of_range("messages", "a list of at least one message", "[]")
    _check_sampling(body, sent, max_n)
    if body.max_tokens is None and body.max_completion_tokens is not None and body.max_completion_tokens < 1:
        raise out_of_range("max_completion_tokens", "at least 1", body.max_completion_tokens)
    if body.top_logprobs is not None:
        if not 0 <= body.top_logprobs <= 20:
            raise out_of_range("top_logprobs", "in the range from 0 to 20", body.top_logprobs)
        if not body.logprobs:
            raise out_of_range("logprobs", "true with top_logprobs", str(body.logprobs).lower())
    _check_tools(body)
    wanted = body.response_format
    if wanted is not None and wanted.type == "json_schema":
        schema = (wanted.json_schema or {}).get("schema")
        if not isinstance(schema, dict):
            raise out_of_range("response_format", "a json_schema with a schema", wanted.json_schema)


def check_completion(body: CompletionBody, sent: Mapping[str, Any], max_n: int) -> None:
    if isinstance(body.prompt, list) and (not body.prompt or any(one == [] for one in body.prompt)):
        raise out_of_range("prompt", "a text or tokens", repr(body.prompt))
    _check_sampling(body, sent, max_n)
    if body.best_of is not None:
        if body.best_of < (body.n or 1):
            raise out_of_range("best_of", "at least n", body.best_of)
        if body.best_of > max_n:
            raise out_of_range("best_of", f"in the range from 1 to {max_n}", body.best_of)
        if body.stream and body.best_of > (body.n or 1):
            raise out_of_range("best_of", "equal to n with stream", body.best_of)
    if body.logprobs is not None and not 0 <= body.logprobs <= 5:
        raise out_of_range("logprobs", "in the range from 0 to 5", body.logprobs)
    if isinstance(body.stop, list) and len(body.stop) > STOPS:
        raise out_of_range("stop", f"at most {STOPS} texts", len(body.stop))


def check_embedding(body: EmbeddingBody) -> None:
    if body.text is None and body.input is None:
        raise out_of_range("text", "given, or input", "neither")
    if body.text is not None and body.input is not None:
        raise out_of_range("text", "given without input", "both")
    given = body.input if body.text is None else body.text
    if given in ("", []) or (isinstance(given, list) and any(one in ("", []) for one in given)):
        raise out_of_range("input" if body.text is None else "text", "a text or texts", repr(given))
    if body.dimensions is not None and body.dimensions < 1:
        raise out_of_range("dimensions", "at least 1", body.dimensions)


def _check_sampling(body: ChatCompletionBody | CompletionBody, sent: Mapping[str, Any], max_n: int) -> None:
    """What both endpoints have, in the table's order."""
    if body.temperature is not None:
        if body.temperature < 0:
            raise V1Error(400, f"temperature must be non-negative, got {body.temperature}.")
        if body.temperature > 2:
            raise out_of_range("temperature", "in the range from 0 to 2", _number(sent["temperature"]))
    if body.top_p is not None and not 0 < body.top_p <= 1:
        raise out_of_range("top_p", "in (0, 1]", body.top_p)
    if body.max_tokens is not None and body.max_tokens < 1:
        raise out_of_range("max_tokens", "at least 1", body.max_tokens)
    if body.n is not None:
        if body.n < 1:
            raise out_of_range("n", "at least 1", body.n)
        if body.n > max_n:
            raise out_of_range("n", f"in the range from 1 to {max_n}", _number(sent["n"]))
    if body.stream_options is not None and not body.stream:
        raise out_of_range("stream_options", "null without stream", sent["stream_options"])
    for name in ("frequency_penalty", "presence_penalty"):
        value: float | None = getattr(body, name)
        if value is not None and not -2 <= value <= 2:
            raise out_of_range(name, "in [-2, 2]", value)
    _check_words(body)


def _check_words(body: ChatCompletionBody | CompletionBody) -> None:
    for token, bias in (body.logit_bias or {}).items():
        if not (token.isascii() and token.isdigit()) or not -100 <= bias <= 100:
            raise out_of_range("logit_bias", "a map of token ids to numbers in [-100, 100]", {token: bias})
    for text in [body.stop] if isinstance(body.stop, str) else body.stop or ():
        if not text:
            raise out_of_range("stop", "made of texts that are not empty", repr(body.stop))


def _check_tools(body: ChatCompletionBody) -> None:
    names = {tool.function.name for tool in body.tools or ()}
    if isinstance(body.tool_choice, NamedTool):
        if body.tool_choice.function.name not in names:
            raise out_of_range("tool_choice", "the name of one of tools", body.tool_choice.function.name)
    elif body.tool_choice == "required" and not names:
        raise out_of_range("tool_choice", "none or auto without tools", body.tool_choice)


def _number(sent: object) -> object:
    """A number as it was sent; one in a string as a number."""
    if not isinstance(sent, str):
        return sent
    try:
        return int(sent)
    except ValueError:
        return float(sent)
