"""Plain text, piece by piece, straight from what vLLM generates: here from outputs of the same shape."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from ses.llm.answers import PromptDetails, Usage
from ses.llm.errors import EngineDied
from ses.llm.vllm.plain import chunks, shorten_streams


def new(text="", tokens=1, index=0, end=None, stop=None):
    return SimpleNamespace(
        index=index, text=text, token_ids=[7] * tokens, finish_reason=end, stop_reason=stop
    )


async def generated(*steps, closed=None):
    """Each step is what vLLM found new since the one before."""
    try:
        for step in steps:
            yield SimpleNamespace(prompt_token_ids=[1, 2, 3], num_cached_tokens=2, outputs=list(step))
    finally:
        if closed is not None:
            closed.set()


async def told(outputs, n=1):
    return [chunk async for chunk in chunks(outputs, n)]


async def test_the_role_comes_first_then_the_text_and_at_last_what_it_cost():
    found = await told(generated([new("Hel")], [new("lo", tokens=2)], [new("", end="stop", stop="!")]))
    first, *rest, last = found
    assert (first.choices[0].delta.role, first.choices[0].delta.content) == ("assistant", "")
    assert [chunk.text for chunk in rest] == ["Hel", "lo", ""]
    assert (rest[-1].choices[0].finish_reason, rest[-1].choices[0].stop_reason) == ("stop", "!")
    assert last.choices == []
    assert last.usage == Usage(3, 4, 7, PromptDetails(cached_tokens=2))


async def test_several_answers_keep_their_numbers():
    found = await told(
        generated([new("a", index=0), new("b", index=1)], [new("c", index=1, end="length")]), n=2
    )
    pieces = [piece for chunk in found for piece in chunk.choices]
    assert [(piece.index, piece.delta.content) for piece in pieces] == [
        (0, ""), (1, ""), (0, "a"), (1, "b"), (1, "c"),
    ]  # fmt: skip
    assert found[-1].usage.completion_tokens == 3


async def test_a_part_of_a_long_prompt_is_no_piece():
    found = await told(generated([new(tokens=0)], [new("x", end="stop")]))
    assert [chunk.text for chunk in found[1:-1]] == ["x"]


async def test_a_token_that_shows_no_text_yet_is_a_piece_as_it_is_in_vllm():
    found = await told(generated([new("", tokens=1)], [new("я", end="stop")]))
    assert [chunk.text for chunk in found[1:-1]] == ["", "я"]


async def test_an_answer_that_failed_is_an_error():
    with pytest.raises(EngineDied):
        await told(generated([new("a")], [new("", end="error")]))


async def test_who_stops_listening_stops_the_generation_at_once():
    closed = asyncio.Event()
    stream = chunks(generated([new("a")], [new("b")], closed=closed), 1)
    await anext(stream)
    await stream.aclose()
    assert closed.is_set()


@pytest.mark.parametrize(
    ("serving", "request_"),
    [
        ({"parser_cls": object}, {}),
        ({}, {"logprobs": True}),
        ({}, {"echo": True}),
        ({"enable_log_outputs": True}, {}),
    ],
)
def test_what_is_more_than_text_goes_the_way_of_vllm(serving, request_):
    theirs = object()
    server = SimpleNamespace(
        **{
            "parser_cls": None,
            "enable_log_outputs": False,
            "chat_completion_stream_generator": lambda *_, **__: theirs,
        }
        | serving
    )
    shorten_streams(server)
    request = SimpleNamespace(**{"logprobs": None, "echo": False, "n": 1} | request_)
    assert server.chat_completion_stream_generator(request, generated(), "id", tokenizer=None) is theirs
