"""Counts the tokens of prompts as the model would see them."""

from __future__ import annotations

from typing import Any

from ses.llm.errors import BadRequest
from ses.llm.requests import ChatRequest, CompletionRequest
from ses.llm.vllm.failures import in_a_line


def count(request: ChatRequest | CompletionRequest, tokenizer: Any, template: str | None) -> int:
    """Tokens of the prompt; of several prompts, those of the longest. `template`: None takes the tokenizer's own.

    Takes milliseconds, for a prompt of megabytes seconds: call it off the loop.
    """
    if isinstance(request, CompletionRequest):
        return _prompt(request.prompt, tokenizer)
    messages = [message | {"content": _text(message.get("content"))} for message in request.messages]
    try:
        tokens = tokenizer.apply_chat_template(
            messages,
            tools=request.tools,
            chat_template=template,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=False,
        )
    except Exception as error:
        raise BadRequest(
            f"the model's chat template cannot show these messages: {in_a_line(error)}"
        ) from error
    return len(tokens)


def _prompt(prompt: str | list[str] | list[int] | list[list[int]], tokenizer: Any) -> int:
    if isinstance(prompt, str):
        return len(tokenizer.encode(prompt))
    if prompt and isinstance(prompt[0], int):
        return len(prompt)
    return max((_prompt(one, tokenizer) for one in prompt if not isinstance(one, int)), default=0)


def _text(content: Any) -> Any:
    """Content in parts as one text: what text models are shown of it."""
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content or ""
