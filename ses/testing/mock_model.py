"""What stands for the language model in a dialogue test."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from math import log
from typing import Any

import msgspec

from ses.clock import VirtualClock
from ses.errors import StepError
from ses.llm.answers import (
    Alternative,
    AssistantMessage,
    ChatAnswer,
    ChatChoice,
    ChatChunk,
    ChatPiece,
    FunctionCall,
    Logprobs,
    TokenScore,
    ToolCall,
)
from ses.llm.errors import EngineUnavailable
from ses.llm.requests import ChatRequest
from ses.testing.mocks import INTENTS, Mock, Mocks, Reply


class MockModel:
    """`ses.dialogue.state.ports.Model` out of mocks. A call that no mock covers fails as a model that is not there."""

    def __init__(self, mocks: Mocks, clock: VirtualClock) -> None:
        self._mocks = mocks.of("llm")
        self._clock = clock
        self._given: dict[int, int] = {}
        self.uncovered: list[str] = []
        """Calls that no mock covered, as a person reads them."""

    def covers(self, request: ChatRequest) -> bool:
        return self._mock(request) is not None

    async def chat(self, request: ChatRequest) -> ChatAnswer:
        mock = self._mock(request)
        if mock is not None:
            return self._answer(mock)
        self.uncovered.append(f"llm {_asked(request)}")
        raise EngineUnavailable("no mock covers this call of llm")

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        answer = await self.chat(request)
        for choice in answer.choices:
            yield ChatChunk(choices=[ChatPiece(delta=choice.message, finish_reason=choice.finish_reason)])

    def _mock(self, request: ChatRequest) -> Mock | None:
        asked, wanted = _asked(request), INTENTS if request.logprobs else None
        fitting = (mock for mock in self._mocks if mock.model == wanted and mock.fits_text(asked, wanted))
        return next(fitting, None)

    def _answer(self, mock: Mock) -> ChatAnswer:
        number = self._given.get(id(mock), 0)
        self._given[id(mock)] = number + 1
        reply = mock.replies[min(number, len(mock.replies) - 1)]
        self._clock.advance(reply.delay)
        if reply.error in ("timeout", "malformed", "cancelled"):
            raise StepError(reply.error, f"the mock of llm fails: {reply.error}", service="llm")
        if reply.error or reply.status >= 400:
            raise EngineUnavailable(f"the mock of llm fails: {reply.error or reply.status}")
        return _said(reply)


def _asked(request: ChatRequest) -> str:
    """The last words of the user; what tools returned stands behind them."""
    users = (str(one["content"]) for one in reversed(request.messages) if one["role"] == "user")
    said = next(users, "")
    if request.logprobs:  # «Message: …, Key:», see ses.dialogue.llm.intents
        said = said.rpartition("\n")[0].partition(": ")[2]
    return said


def _said(reply: Reply) -> ChatAnswer:
    text = _text(reply.value)
    message = AssistantMessage(role="assistant", content=text)
    chance = min(max(reply.confidence, 1e-9), 1 - 1e-9)
    other = Alternative("none", log(1 - chance))
    logprobs = Logprobs([TokenScore(text, log(chance), top_logprobs=[other])])
    if reply.tool:
        function = FunctionCall(name=reply.tool, arguments=text)
        message = AssistantMessage(role="assistant", tool_calls=[ToolCall(function=function, id="call")])
    return ChatAnswer(choices=[ChatChoice(message=message, finish_reason="stop", logprobs=logprobs)])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
