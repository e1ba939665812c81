"""The step `llm`: what the model is asked, in which form it answers, and what becomes of the answer."""

from __future__ import annotations

from typing import Any

import msgspec

from ses.dialogue.llm.generation import Written, say_written, write
from ses.dialogue.llm.prompts import Messages, messages_of, options_of
from ses.dialogue.llm.schemas import Schema, arguments_schema, askable, slot_value, slots_schema, value_of
from ses.dialogue.llm.tools import ROUNDS, call_next, note_calls, tools_of
from ses.dialogue.slots.assignment import write as assign
from ses.dialogue.slots.filling import fill_entered
from ses.dialogue.state.session import Frame
from ses.dialogue.state.stack import MOVED, goto
from ses.dialogue.state.turn import Turn
from ses.errors import StepError
from ses.llm.requests import ChatRequest, Choice, JsonSchema, ResponseFormat
from ses.scenario.program.calls import Llm

NONE = "none"
"""What the model writes when none of the flows fits."""


async def ask_model(turn: Turn, frame: Frame, op: Llm, index: int) -> int:
    """Run the step; the index of the next operation, or `MOVED`. `save` gets the text, the key chosen, the flow picked,
    or the JSON; without `save`, or streamed, a text is said too.

    Raises `StepError`: `llm_unavailable` (none, not ready, busy, died), `timeout`, `cancelled`, `malformed` (its
    answer has not the form asked for), `value` (the question cannot be put: too long, nothing to ask).
    """
    try:
        if op.tools and await call_next(turn, op, frame):
            return MOVED
        messages = await messages_of(turn, op)
        written = await _written(turn, frame, op, messages)
    except StepError:
        frame.rounds = None
        raise
    if written.calls:
        note_calls(frame, written)
        return MOVED  # here again: to the first of the flows called
    frame.rounds = None
    if not written.text:
        raise StepError("malformed", "the model said nothing", service="llm")
    turn.trace.call("llm", "", op.save or op.id, messages[-1]["content"], written.text)
    if op.route:
        return await _go(turn, frame, op, index, written.text)
    value: Any = written.text
    if op.fill:
        value = await _fill(turn, frame, op, written.text)
    elif op.form is not None:
        value = _json(written.text, op.form)
    elif op.options:
        value = _chosen(turn, op, written.text)
    elif op.stream or not op.save:
        say_written(turn, value)
    if op.save:
        assign(turn, frame, op.save, value)
    return index + 1


async def _written(turn: Turn, frame: Frame, op: Llm, messages: Messages) -> Written:
    response_format = _response_format(turn, op)
    request = ChatRequest(
        messages=messages,
        max_tokens=op.max_tokens,
        temperature=op.temperature if response_format is None else 0.0,
        response_format=response_format,
        priority="conversation",
    )
    if op.tools:
        rounds = frame.rounds
        request.tools = tools_of(turn, op)
        request.tool_choice = "auto"
        if rounds is not None:
            request.messages = [*messages, *rounds.said]
            if rounds.count >= ROUNDS:
                request.tool_choice = "none"
    written = await write(turn, op, request)
    if written.calls and request.tool_choice != "auto":
        raise StepError("malformed", "the model calls flows instead of answering", service="llm")
    return written


def _response_format(turn: Turn, op: Llm) -> ResponseFormat | None:
    if op.form is not None:
        return JsonSchema(schema=dict(op.form))
    if op.options:
        return Choice(tuple(options_of(turn, op)))
    if op.fill:
        return JsonSchema(schema=slots_schema(turn, askable(turn, op.fill)))
    if op.route:
        return JsonSchema(schema={"anyOf": [*(_route(turn, name) for name in op.route), _picked(NONE)]})
    return None


def _json(text: str, form: Any) -> Any:
    try:
        data = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise StepError("malformed", f"the model's answer is no JSON: {error}", service="llm") from None
    required = form.get("required", ())
    if isinstance(data, dict) and (missing := [name for name in required if name not in data]):
        raise StepError("malformed", f"the model's answer lacks {', '.join(missing)}", service="llm")
    return data


def _chosen(turn: Turn, op: Llm, text: str) -> str:
    options = options_of(turn, op)
    if text not in options:
        raise StepError("malformed", "the model did not choose what it could choose from", service="llm")
    if not op.save:
        say_written(turn, options[text])
    return text


# --- slots ---


async def _fill(turn: Turn, frame: Frame, op: Llm, text: str) -> dict[str, Any]:
    """Give the slots what the model found; the values it found, by slot."""
    slots = askable(turn, op.fill)
    told = _json(text, {})
    found: dict[str, Any] = {}
    for slot in slots:
        value = await slot_value(turn, slot, told.get(slot.name)) if isinstance(told, dict) else None
        if value is not None:
            found[slot.name] = value
            assign(turn, frame, slot.name, value)
    return found


# --- flows ---


def _route(turn: Turn, name: str) -> Schema:
    """A flow and its arguments: those it is callable with, else the slots it asks for."""
    flow = turn.scope.program.flows[name]
    if flow.tool is not None and flow.tool.arguments:
        return _picked(name, arguments_schema(turn, flow.tool.arguments))
    slots = askable(turn, sorted(flow.slots))
    return _picked(name, slots_schema(turn, slots) if slots else None)


def _picked(name: str, args: Schema | None = None) -> Schema:
    properties: Schema = {"flow": {"const": name}}
    if args is not None:
        properties["args"] = args
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


async def _go(turn: Turn, frame: Frame, op: Llm, index: int, text: str) -> int:
    """Go on in the flow the model picked, with the arguments that are values of what they are for."""
    picked = _json(text, {})
    name = picked.get("flow") if isinstance(picked, dict) else None
    if name not in op.route and name != NONE:
        raise StepError("malformed", "the model picked no flow it could pick", service="llm")
    if op.save:
        assign(turn, frame, op.save, None if name == NONE else name)
    if name == NONE:
        return index + 1
    activity = turn.top
    assert activity is not None
    goto(turn, activity, name)
    fill_entered(turn, activity)
    frame = activity.frames[-1]
    told = picked.get("args")
    if not isinstance(told, dict):
        return MOVED
    program = turn.scope.program
    flow = program.flows[name]
    for argument in flow.tool.arguments if flow.tool is not None else ():
        if argument.name not in program.slots:
            frame.args[argument.name] = await value_of(turn, argument.type, told.get(argument.name))
    for slot in askable(turn, sorted(told.keys() & program.slots.keys())):
        value = await slot_value(turn, slot, told[slot.name])
        if value is not None and turn.scope.stored(slot) is None:
            assign(turn, frame, slot.name, value)
    return MOVED
