"""The step `llm`: a call of the language model, shown while it is written, ended when its reader wishes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing
from typing import Any, NamedTuple, NoReturn

import msgspec

from ses.dialogue.builtins import built_in
from ses.dialogue.ports import Model
from ses.dialogue.prompting import messages_of, options_of
from ses.dialogue.saying import mask_values
from ses.dialogue.turn import Draft, Turn
from ses.dialogue.understanding import Heard
from ses.errors import StepError
from ses.llm.answers import ChatAnswer
from ses.llm.errors import BadRequest, EngineError, UnknownModel
from ses.llm.requests import ChatRequest, Choice, JsonSchema, Shape
from ses.messages import Delta
from ses.scenario.program import Llm


async def generate(turn: Turn, op: Llm) -> Any:
    """What `save` gets: the text, the key chosen, or the JSON. Without `save`, or streamed, it is said too.

    Raises `StepError`: `llm_unavailable` (none, not ready, busy, died), `timeout`, `cancelled`, `malformed` (its
    answer has not the form asked for), `value` (the question cannot be put: too long, nothing to ask).
    """
    turn.calls += 1
    options = options_of(turn, op)
    request = ChatRequest(
        messages=await messages_of(turn, op),
        max_tokens=op.max_tokens,
        shape=_shape(op, options),
        priority="conversation",
    )
    if request.shape is not None:
        request.temperature = 0.0
    model = turn.ports.model
    if model is None:
        raise StepError("llm_unavailable", "there is no language model", service="llm")
    writing = Writing(turn, shown=op.stream)
    try:
        await turn.waiting("llm", _unless_ended(turn, op, writing.write(model, request)))
    except StepError as error:
        if error.kind == "cancelled":
            _say(turn, writing.text)
        else:
            writing.forget()
        raise
    text = writing.text.strip()
    if not text:
        writing.forget()
        raise StepError("malformed", "the model said nothing", service="llm")
    turn.trace.call(turn, "llm", "", op.save or op.id, request.messages[-1]["content"], text)
    if op.form is not None:
        return _json(text, op)
    if options and text not in options:
        raise StepError("malformed", "the model did not choose what it could choose from", service="llm")
    if op.stream or not op.save:
        _say(turn, options.get(text, text))
    return text


def _shape(op: Llm, options: dict[str, str]) -> Shape | None:
    if op.form is not None:
        return JsonSchema(schema=dict(op.form))
    return Choice(tuple(options)) if options else None


def _json(text: str, op: Llm) -> Any:
    try:
        data = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise StepError("malformed", f"the model's answer is no JSON: {error}", service="llm") from None
    required = (op.form or {}).get("required", ())
    if isinstance(data, dict) and (missing := [name for name in required if name not in data]):
        raise StepError("malformed", f"the model's answer lacks {', '.join(missing)}", service="llm")
    return data


def _say(turn: Turn, text: str) -> None:
    """Model output is text; what it repeats of private values is masked in the log."""
    text = text.strip()
    if text:
        turn.session.labels = False
        turn.drafts.append(Draft(text, mask_values(turn, text)))


class Writing:
    """A text in the making, shown to the reader as it grows."""

    def __init__(self, turn: Turn, *, shown: bool) -> None:
        self._turn = turn
        self._id = f"{turn.session.id}/{turn.session.turn}/{turn.said + len(turn.drafts) + 1}"
        self._shown = shown
        self._size = 0
        """Characters shown."""
        self.text = ""

    async def write(self, model: Model, request: ChatRequest) -> None:
        if not self._shown:
            self.text = (await _answered(model.chat(request))).text
            return
        try:
            async with aclosing(model.stream_chat(request)) as chunks:
                async for chunk in chunks:
                    self._add(chunk.text)
        except EngineError as error:
            _fail(error)

    def _add(self, piece: str) -> None:
        if not self.text:
            piece = piece.lstrip()
        if piece:
            self.text += piece
            attempt, at = self._turn.attempt, self._size
            self._turn.ports.show(Delta(id=self._id, attempt=attempt, at=at, text=piece))
            self._size += len(piece)

    def forget(self) -> None:
        """It failed: what was shown of it is cleared, and a later text does not follow half of this one."""
        if self._size:
            self._turn.attempt += 1
            self._turn.ports.show(Delta(id=self._id, attempt=self._turn.attempt, at=0, text=""))


async def _answered(call: Coroutine[Any, Any, ChatAnswer]) -> ChatAnswer:
    try:
        return await call
    except EngineError as error:
        _fail(error)


def _fail(error: EngineError) -> NoReturn:
    kind: Any = "value" if isinstance(error, BadRequest | UnknownModel) else "llm_unavailable"
    raise StepError(kind, str(error), service="llm") from None


async def _unless_ended(turn: Turn, op: Llm, call: Coroutine[Any, Any, None]) -> None:
    """Run the call until it is done, its time is over, or a message ends it."""
    clock = turn.ports.clock
    started = clock.monotonic()
    generating = asyncio.ensure_future(call)
    watching = asyncio.ensure_future(_ending(turn, op))
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
                    turn.session.spent = ending.spent
                    raise StepError("cancelled", "the user ended it", service="llm")
                waiting.discard(watching)
        if not generating.done() or clock.monotonic() - started > op.timeout:
            raise StepError("timeout", f"the model took more than {op.timeout:g} s", service="llm")
        generating.result()
    finally:
        for task in (generating, watching):
            task.cancel()
        await asyncio.gather(generating, watching, return_exceptions=True)


class Ending(NamedTuple):
    """A message that ended a call."""

    spent: str
    """Its id when it has no other meaning."""


async def _ending(turn: Turn, op: Llm) -> Ending | None:
    """Wait for `cancel`, or for any message with `abort: input`; none when nothing more can come."""
    async for inbound in turn.ports.arrivals():
        text = inbound.text if inbound.edit_of is None else None
        if text and built_in(turn, Heard(turn, text, turn.newest)) == "cancel":
            return Ending(inbound.id)
        if inbound.event == "leave" or (op.abort_on_input and inbound.event is None):
            return Ending("")
    return None
