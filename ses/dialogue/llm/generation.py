"""One generation of the language model: streamed, and cancelled when its time is over or its reader wishes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing
from typing import Any, NamedTuple, NoReturn

from ses.dialogue.output.messages import mask_values
from ses.dialogue.state.ports import Model
from ses.dialogue.state.turn import Draft, Turn
from ses.dialogue.understanding.utterance import Interpretation
from ses.errors import StepError
from ses.llm.answers import AssistantMessage
from ses.llm.errors import BadRequest, EngineError, UnknownModel
from ses.llm.requests import ChatRequest
from ses.messages import Delta
from ses.scenario.program.calls import Llm


class Generation(NamedTuple):
    """What the model wrote."""

    text: str
    calls: list[tuple[str, str, str]]
    """Functions it wants called: id, name, arguments as JSON."""


async def generate(turn: Turn, op: Llm, request: ChatRequest) -> Generation:
    """Raises `StepError`: `llm_unavailable`, `timeout`, `cancelled` (what was shown is said then), `value`."""
    model = turn.ports.model
    if model is None:
        raise StepError("llm_unavailable", "there is no language model", service="llm")
    turn.call_count += 1
    writing = Generator(turn, shown=op.stream)
    try:
        await turn.await_external("llm", _until_cancelled(turn, op, writing.write(model, request)))
    except StepError as error:
        if error.kind == "cancelled":
            say_generated(turn, writing.text)
        else:
            writing.forget()
        raise
    text = writing.text.strip()
    if writing.calls or not text:
        writing.forget()
    return Generation(text, list(writing.calls.values()))


def say_generated(turn: Turn, text: str) -> None:
    """Model output is text; what it repeats of private values is masked in the log."""
    text = text.strip()
    if text:
        turn.session.labels = False
        turn.drafts.append(Draft(text, mask_values(turn, text), voice=turn.with_voice()))


class Generator:
    """A generation while it runs, streamed to the reader as it grows."""

    def __init__(self, turn: Turn, *, shown: bool) -> None:
        self._turn = turn
        self._id = f"{turn.session.id}/{turn.session.turn}/{turn.message_count + len(turn.drafts) + 1}"
        self._shown = shown
        self._size = 0
        """Characters shown."""
        self.text = ""
        self.calls: dict[int, tuple[str, str, str]] = {}
        """By their number in the answer."""

    async def write(self, model: Model, request: ChatRequest) -> None:
        try:
            if not self._shown:
                answer = await model.chat(request)
                self.text = answer.text
                for choice in answer.choices[:1]:
                    self._call(choice.message)
                return
            async with aclosing(model.stream_chat(request)) as chunks:
                async for chunk in chunks:
                    self._add(chunk.text)
                    for piece in chunk.choices[:1]:
                        self._call(piece.delta)
        except EngineError as error:
            _raise(error)

    def _add(self, piece: str) -> None:
        if not self.text:
            piece = piece.lstrip()
        if piece:
            self.text += piece
            attempt, at = self._turn.attempt, self._size
            self._turn.ports.show(Delta(id=self._id, attempt=attempt, at=at, text=piece))
            self._size += len(piece)

    def _call(self, message: AssistantMessage) -> None:
        """A call comes whole, or in pieces of which only the first names it."""
        for number, call in enumerate(message.tool_calls or ()):
            index = number if not self._shown else call.index or number
            known, name, arguments = self.calls.get(index, ("", "", ""))
            self.calls[index] = (
                known or call.id or "",
                name or call.function.name or "",
                arguments + (call.function.arguments or ""),
            )

    def forget(self) -> None:
        """Retract what was shown of it, so that a later text does not follow half of this one."""
        died_before = (
            self._shown and self._turn.attempt > 1
        )  # what an earlier attempt showed may still stand there
        if self._size or died_before:
            self._turn.attempt += 1
            self._turn.ports.show(Delta(id=self._id, attempt=self._turn.attempt, at=0, text=""))


def _raise(error: EngineError) -> NoReturn:
    kind: Any = "value" if isinstance(error, BadRequest | UnknownModel) else "llm_unavailable"
    raise StepError(kind, str(error), service="llm") from None


async def _until_cancelled(turn: Turn, op: Llm, call: Coroutine[Any, Any, None]) -> None:
    """Run the call until it is done, its time is over, or a message ends it."""
    clock = turn.ports.clock
    started = clock.monotonic()
    generating = asyncio.ensure_future(call)
    watching = asyncio.ensure_future(_cancellation(turn, op))
    try:
        waiting: set[asyncio.Future[Any]] = {generating, watching}
        while not generating.done():
            left = op.timeout - (clock.monotonic() - started)
            done, _ = await asyncio.wait(waiting, timeout=max(left, 0.0), return_when=asyncio.FIRST_COMPLETED)
            if not done:
                break
            if watching in done:
                ending = watching.result()
                if ending is not None and not generating.done():
                    turn.session.cancelled_by = ending.spent
                    raise StepError("cancelled", "the user ended it", service="llm")
                waiting.discard(watching)
        if not generating.done() or clock.monotonic() - started > op.timeout:
            raise StepError("timeout", f"the model took more than {op.timeout:g} s", service="llm")
        generating.result()
    finally:
        for task in (generating, watching):
            task.cancel()
        await asyncio.gather(generating, watching, return_exceptions=True)


class Cancellation(NamedTuple):
    """A message that ended a call."""

    spent: str
    """Its id when it has no other meaning."""


async def _cancellation(turn: Turn, op: Llm) -> Cancellation | None:
    """Wait for `cancel`, or for any message with `abort: input`; none when nothing more can come."""
    async for inbound in turn.ports.arrivals():
        text = inbound.text if inbound.edit_of is None else None
        if text and Interpretation(turn, text, turn.newest).built_in == "cancel":
            return Cancellation(inbound.id)
        if inbound.event == "leave" or (op.abort_on_input and inbound.spoken):
            return Cancellation("")
    return None
