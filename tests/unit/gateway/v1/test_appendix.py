"""The errors of `/v1`, case by case: 34 wrong requests and what each is answered.

Plain messages are equal to the byte; those that are lists are equal as values.
"""

import ast
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ses.gateway.v1.auth import SingleTokenAuth
from ses.gateway.v1.censor import CensorDown
from ses.gateway.v1.errors import V1Error
from ses.llm.errors import ContextTooLong

from .conftest import running

CHAT, TEXT = "/v1/chat/completions", "/v1/completions"
SAID = [{"role": "system", "content": "promt"}, {"role": "user", "content": "promt"}]
GOOD: dict[str, dict[str, Any]] = {
    CHAT: {"model": "test", "messages": SAID},
    TEXT: {"model": "test", "prompt": "promt"},
}
DOWN = "The server was unable to complete your request. Please try again later"


@dataclass
class Case:
    path: str
    change: dict[str, Any] | bytes
    """On top of a good body; none leaves an attribute out."""
    status: int
    message: str | list[dict[str, Any]]
    type: str = "BadRequestError"
    engine: Any = "fine"

    def body(self):
        if isinstance(self.change, bytes):
            return self.change
        return {
            name: value for name, value in {**GOOD[self.path], **self.change}.items() if value is not None
        }


def bad(kind, attribute, message, input):
    return [{"type": kind, "loc": ("body", attribute), "msg": message, "input": input}]


NUMBER = "Input should be a valid number, unable to parse string as a number"
INTEGER = "Input should be a valid integer, unable to parse string as an integer"
FRACTION = "Input should be a valid integer, got a number with a fractional part"
MISSING = "Field required"
TOO_LONG = (
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens in the messages, "
    "Please reduce the length of the messages."
)
ANSWER_TOO_LONG = (
    "This model's maximum context length is 32768 tokens. However, you requested 100000347 tokens (347 in the messages, "
    "100000000 in the completion). Please reduce the length of the messages or completion."
)

CASES = {
    # chat (the censor is tested below)
    "chat: unknown model": Case(CHAT, {"model": "nope"}, 404, 'The model "nope" does not exist.', "NotFoundError"),
    "chat: no model": Case(CHAT, {"model": None}, 400, bad("missing", "model", MISSING, {"messages": SAID})),
    "chat: prompt too long": Case(
        CHAT, {}, 400, TOO_LONG, engine=ContextTooLong(prompt_tokens=5000, max_tokens=None, limit=4096)
    ),
    "chat: no messages": Case(CHAT, {"messages": None}, 400, bad("missing", "messages", MISSING, {"model": "test"})),
    "chat: temperature no number": Case(CHAT, {"temperature": "gh"}, 400, bad("float_parsing", "temperature", NUMBER, "gh")),
    "chat: temperature negative": Case(CHAT, {"temperature": -5}, 400, "temperature must be non-negative, got -5.0."),
    "chat: temperature above 2": Case(CHAT, {"temperature": 3}, 400, "temperature must be in the range from 0 to 2, got 3."),
    "chat: top_p no number": Case(CHAT, {"top_p": "gh"}, 400, bad("float_parsing", "top_p", NUMBER, "gh")),
    "chat: top_p out of range": Case(CHAT, {"top_p": -1}, 400, "top_p must be in (0, 1], got -1.0."),
    "chat: max_tokens no number": Case(CHAT, {"max_tokens": "gh"}, 400, bad("int_parsing", "max_tokens", INTEGER, "gh")),
    "chat: max_tokens negative": Case(CHAT, {"max_tokens": -1}, 400, "max_tokens must be at least 1, got -1."),
    "chat: max_tokens a fraction": Case(CHAT, {"max_tokens": 1.5}, 400, bad("int_from_float", "max_tokens", FRACTION, 1.5)),
    "chat: max_tokens beyond the context": Case(
        CHAT,
        {"max_tokens": 100_000_000},
        400,
        ANSWER_TOO_LONG,
        engine=ContextTooLong(prompt_tokens=347, max_tokens=100_000_000, limit=32768),
    ),
    "chat: n no number": Case(CHAT, {"n": "gh"}, 400, bad("int_parsing", "n", INTEGER, "gh")),
    "chat: n negative": Case(CHAT, {"n": -1}, 400, "n must be at least 1, got -1."),
    "chat: n a fraction": Case(CHAT, {"n": 1.5}, 400, bad("int_from_float", "n", FRACTION, 1.5)),
    "chat: n above MAX_N": Case(CHAT, {"n": 23}, 400, "n must be in the range from 1 to 10, got 23."),
    "chat: stream no boolean": Case(CHAT, {"stream": 1.5}, 400, bad("bool_type", "stream", "Input should be a valid boolean", 1.5)),
    "chat: frequency_penalty no number": Case(
        CHAT, {"frequency_penalty": "gh"}, 400, bad("float_parsing", "frequency_penalty", NUMBER, "gh")
    ),
    "chat: frequency_penalty out of range": Case(
        CHAT, {"frequency_penalty": -3}, 400, "frequency_penalty must be in [-2, 2], got -3.0."
    ),
    "chat: presence_penalty no number": Case(
        CHAT, {"presence_penalty": "gh"}, 400, bad("float_parsing", "presence_penalty", NUMBER, "gh")
    ),
    "chat: presence_penalty out of range": Case(
        CHAT, {"presence_penalty": -3}, 400, "presence_penalty must be in [-2, 2], got -3.0."
    ),
    "chat: not JSON": Case(
        CHAT,
        b'{"model": "test", "messages": [{"role": "user", "content": "promt"}], }'.replace(b"], }", b"], x}"),
        400,
        [
            {
                "type": "json_invalid",
                "loc": ("body", 70),
                "msg": "JSON decode error",
                "input": {},
                "ctx": {"error": "Expecting property name enclosed in double quotes"},
            }
        ],
    ),
    # completions (likewise)
    "text: prompt too long": Case(
        TEXT, {}, 400, TOO_LONG, engine=ContextTooLong(prompt_tokens=5000, max_tokens=16, limit=4096)
    ),
    "text: no prompt": Case(TEXT, {"prompt": None}, 400, bad("missing", "prompt", MISSING, {"model": "test"})),
    "text: unknown model": Case(TEXT, {"model": "nope"}, 400, 'The model "nope" does not exist.'),
    "text: no model": Case(TEXT, {"model": None}, 400, bad("missing", "model", MISSING, {"prompt": "promt"})),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_an_error_is_the_guides(v1, case):
    v1.says(case.engine)
    status, body = await v1.post(case.path, case.body())
    assert status == case.status
    message = body.pop("message")
    assert body == {"object": "error", "type": case.type, "param": None, "code": case.status}
    assert (ast.literal_eval(message) if isinstance(case.message, list) else message) == case.message
    assert v1.journal.entries[-1].status_code == case.status


class NoCensor:
    async def judge(self, kind, text):
        raise CensorDown


@pytest.mark.parametrize("path", [CHAT, TEXT])
async def test_without_its_censor_a_method_answers_503(path):
    async with running(censor=NoCensor()) as v1:
        status, body = await v1.post(path, GOOD[path])
    assert (status, body) == (503, flat(503, "ServiceUnavailableError", DOWN))


def flat(status, kind, message, param=None):
    return {"object": "error", "message": message, "type": kind, "param": param, "code": status}


PAGE = Path(__file__).parents[4] / "docs" / "gateway-errors.md"
HEAD = """\
# The errors of `/v1`, case by case

Thirty-four wrong requests, each with the body that `/v1` answers. Made from the answers themselves by
`tests/unit/gateway/v1/test_appendix.py`, which fails when they differ (`SES_WRITE=1` writes the page anew).
A good body is `{"model": "test", "messages": […]}` or `{"model": "test", "prompt": "promt"}`; shown is
what differs.

| case | request | status | body |
| --- | --- | --- | --- |
"""
COMMON = {
    401: "any request with a wrong token",
    403: "a method of administrators with another user's token",
    405: "`GET /v1/chat/completions`",
    422: "a form with a wrong field (`param` names it)",
    500: "a fault of the daemon itself",
}


def row(case, request, status, body):
    told = json.dumps(body, ensure_ascii=False).replace("|", "\\|")
    return f"| {case} | {request} | {status} | `{told}` |\n"


def changed(case):
    if isinstance(case.change, bytes):
        return f"`{case.change.decode()}`"
    if not case.change:
        return "a prompt of 5000 tokens for a model of 4096"
    gone = [f"without `{name}`" for name, value in case.change.items() if value is None]
    there = {name: value for name, value in case.change.items() if value is not None}
    return ", ".join([*gone, *([f"`{json.dumps(there)}`"] if there else [])])


async def test_the_page_of_errors_shows_what_is_answered(v1):
    rows = [row(f"all: {status}", when, status, V1Error(status).fields) for status, when in COMMON.items()]
    for name, case in CASES.items():
        v1.says(case.engine)
        rows.append(row(name, changed(case), *await v1.post(case.path, case.body())))
    rows += [row(f"{kind}: the censor is down", "any", 503, V1Error(503).fields) for kind in ("chat", "text")]
    assert len(rows) == 34
    page = HEAD + "".join(rows)
    if os.environ.get("SES_WRITE"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page


class TestAllRequests:
    async def test_401_for_a_wrong_token_before_anything_else_is_looked_at(self):
        wanted = flat(401, "UnauthorizedError", "UnauthorizedError: Wrong token")
        async with running(SingleTokenAuth("right-token")) as v1:
            for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic right-token"}):
                assert await v1.post(CHAT, b"no JSON", headers=header) == (401, wanted)
                assert await v1.get("/v1/models", headers=header) == (401, wanted)
            status, _ = await v1.get("/v1/models", headers={"Authorization": "Bearer right-token"})
            assert status == 200

    async def test_403_without_authority(self, v1):
        through_a_proxy = {"X-Forwarded-For": "10.0.0.1"}
        assert await v1.post(CHAT, GOOD[CHAT], headers=through_a_proxy) == (
            403,
            flat(403, "ForbiddenError", "Forbidden"),
        )

    async def test_405_for_another_method(self, v1):
        wanted = flat(405, "MethodNotAllowedError", "Method Not Allowed")
        assert await v1.get(CHAT) == (405, wanted)
        assert await v1.post("/v1/models", {}) == (405, wanted)

    async def test_404_for_an_unknown_path(self, v1):
        assert await v1.get("/v1/nothing") == (404, flat(404, "NotFoundError", "Not Found"))

    async def test_415_for_another_content_type(self, v1):
        headers = {"Content-Type": "text/plain"}
        async with v1.client.post(v1.url + CHAT, data=json.dumps(GOOD[CHAT]), headers=headers) as response:
            assert (response.status, await response.json()) == (
                415,
                flat(415, "UnsupportedMediaTypeError", "Unsupported Media Type"),
            )

    async def test_500_for_a_fault_of_ours(self, v1, monkeypatch):
        async def broken(request):
            raise ZeroDivisionError

        monkeypatch.setattr(v1.engine, "chat", broken)
        assert await v1.post(CHAT, GOOD[CHAT]) == (
            500,
            flat(500, "InternalServerError", "Internal Server Error"),
        )
