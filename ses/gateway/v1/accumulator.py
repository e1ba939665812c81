"""The pieces of a stream put together again, as the plain answer would have been: for the journal and the censor."""

from __future__ import annotations

from typing import Any

from ses.gateway.v1.engine_response import Head, chat_answer, completion_answer
from ses.llm.answers import (
    AssistantMessage,
    ChatAnswer,
    ChatChoice,
    ChatChunk,
    CompletionAnswer,
    CompletionChoice,
    FunctionCall,
    Logprobs,
    TokenScore,
    ToolCall,
    Usage,
)


class _ChoiceAccumulator:
    """One choice so far."""

    def __init__(self) -> None:
        self.content: list[str] = []
        self.reasoning: list[str] = []
        self.tools: dict[int, ToolCall] = {}
        self.scores: list[TokenScore] = []
        self.finish_reason: str | None = None
        self.stop_reason: int | str | None = None

    def tool(self, piece: ToolCall) -> None:
        before = self.tools.get(piece.index)
        if before is None:
            self.tools[piece.index] = piece
            return
        arguments = (before.function.arguments or "") + (piece.function.arguments or "")
        function = FunctionCall(before.function.name or piece.function.name, arguments)
        self.tools[piece.index] = ToolCall(function, before.id or piece.id, index=piece.index)


class ChatAccumulator:
    def __init__(self) -> None:
        self._choices: dict[int, _ChoiceAccumulator] = {}
        self._usage = Usage()

    def add(self, chunk: ChatChunk) -> None:
        if chunk.usage is not None:
            self._usage = chunk.usage
        for piece in chunk.choices:
            choice = self._choices.setdefault(piece.index, _ChoiceAccumulator())
            if piece.delta.content:
                choice.content.append(piece.delta.content)
            if piece.delta.reasoning:
                choice.reasoning.append(piece.delta.reasoning)
            for call in piece.delta.tool_calls or ():
                choice.tool(call)
            if piece.logprobs is not None:
                choice.scores += piece.logprobs.content or ()
            if piece.finish_reason is not None:
                choice.finish_reason, choice.stop_reason = piece.finish_reason, piece.stop_reason

    def answer(self) -> ChatAnswer:
        return ChatAnswer(
            choices=[
                ChatChoice(
                    index=index,
                    message=AssistantMessage(
                        role="assistant",
                        content="".join(one.content) if one.content or not one.tools else None,
                        reasoning="".join(one.reasoning) or None,
                        tool_calls=list(one.tools.values()) or None,
                    ),
                    finish_reason=one.finish_reason,
                    stop_reason=one.stop_reason,
                    logprobs=Logprobs(one.scores) if one.scores else None,
                )
                for index, one in sorted(self._choices.items())
            ],
            usage=self._usage,
        )

    def fields(self, head: Head) -> dict[str, Any]:
        return chat_answer(head, self.answer())


class CompletionAccumulator:
    def __init__(self) -> None:
        self._texts: dict[int, list[str]] = {}
        self._ends: dict[int, CompletionChoice] = {}
        self._usage = Usage()

    def add(self, chunk: CompletionAnswer) -> None:
        if chunk.usage is not None:
            self._usage = chunk.usage
        for piece in chunk.choices:
            self._texts.setdefault(piece.index, []).append(piece.text)
            if piece.finish_reason is not None:
                self._ends[piece.index] = piece

    def choices(self) -> list[CompletionChoice]:
        """Without log-probabilities: they went out piece by piece."""
        return [
            CompletionChoice(
                index=index,
                text="".join(texts),
                finish_reason=end.finish_reason if (end := self._ends.get(index)) else None,
                stop_reason=end.stop_reason if end else None,
            )
            for index, texts in sorted(self._texts.items())
        ]

    @property
    def usage(self) -> Usage:
        return self._usage

    def fields(self, head: Head) -> dict[str, Any]:
        return completion_answer(head, self.choices(), self._usage)
