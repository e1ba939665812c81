"""The step `llm`: what the model is asked, in which form it answers, and what becomes of the answer."""

from __future__ import annotations

from typing import Any

import msgspec

from ses.dialogue.llm.generation import Generation, generate, say_generated
from ses.dialogue.llm.prompts import Messages, build_messages, options_of
from ses.dialogue.llm.schemas import (
    Schema,
    arguments_schema,
    fillable_slots,
    parse_slot_value,
    parse_value,
    slots_schema,
)
from ses.dialogue.llm.tools import ROUNDS, record_tool_calls, run_tool_call, tool_definitions
from ses.dialogue.slots.assignment import set_value as assign
from ses.dialogue.slots.filling import fill_from_turn
from ses.dialogue.state.frames import Frame
from ses.dialogue.state.stack import MOVED, goto_flow
from ses.dialogue.state.turn import Turn
from ses.errors import StepError
from ses.llm.requests import ChatRequest, Choice, JsonSchema, ResponseFormat
from ses.scenario.program.calls import Llm

NONE = "none"
"""What the model writes when none of the flows fits."""


async def run_llm_step(turn: Turn, frame: Frame, op: Llm, index: int) -> int:
    """Run the step; the index of the next operation, or `MOVED`. `save` gets the text, the key chosen, the flow picked,
    or the JSON; without `save`, or streamed, a text is said too.

    Raises `StepError`: `llm_unavailable` (none, not ready, busy, died), `timeout`, `cancelled`, `malformed` (its
    answer has not the form asked for), `value` (the question cannot be put: too long, nothing to ask).
    """
    try:
        if op.tools and await run_tool_call(turn, op, frame):
            return MOVED
        messages = await build_messages(turn, op)
        written = await _generate(turn, frame, op, messages)
    except StepError:
        frame.tool_calls = None
        raise
    if written.calls:
        record_tool_calls(frame, written)
        return MOVED  # here again: to the first of the flows called
    frame.tool_calls = None
    if not written.text:
        raise StepError("malformed", "the model said nothing", service="llm")
    turn.trace.call("llm", "", op.save or op.id, messages[-1]["content"], written.text)
    if op.route:
        return await _route(turn, frame, op, index, written.text)
    value: Any = written.text
    if op.fill:
        value = await _fill_slots(turn, frame, op, written.text)
    elif op.form is not None:
        value = _parse_json(written.text, op.form)
    elif op.options:
        value = _chosen(turn, op, written.text)
    elif op.stream or not op.save:
        say_generated(turn, value)
    if op.save:
        assign(turn, frame, op.save, value)
    return index + 1


async def _generate(turn: Turn, frame: Frame, op: Llm, messages: Messages) -> Generation:
    response_format = _response_format(turn, op)
    request = ChatRequest(
        messages=messages,
        max_tokens=op.max_tokens,
        temperature=op.temperature if response_format is None else 0.0,
        response_format=response_format,
        priority="conversation",
    )
    if op.tools:
        rounds = frame.tool_calls
        request.tools = tool_definitions(turn, op)
        request.tool_choice = "auto"
        if rounds is not None:
            request.messages = [*messages, *rounds.messages]
            if rounds.rounds >= ROUNDS:
                request.tool_choice = "none"
    written = await generate(turn, op, request)
    if written.calls and request.tool_choice != "auto":
        raise StepError("malformed", "the model calls flows instead of answering", service="llm")
    return written


def _response_format(turn: Turn, op: Llm) -> ResponseFormat | None:
    if op.form is not None:
        return JsonSchema(schema=dict(op.form))
    if op.options:
        return Choice(tuple(options_of(turn, op)))
    if op.fill:
        return JsonSchema(schema=slots_schema(turn, fillable_slots(turn, op.fill)))
    if op.route:
        return JsonSchema(
            schema={"anyOf": [*(_flow_schema(turn, name) for name in op.route), _pick_schema(NONE)]}
        )
    return None


def _parse_json(text: str, form: Any) -> Any:
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
        say_generated(turn, options[text])
    return text


# --- slots ---


async def _fill_slots(turn: Turn, frame: Frame, op: Llm, text: str) -> dict[str, Any]:
    """Give the slots what the model found; the values it found, by slot."""
    slots = fillable_slots(turn, op.fill)
    raw = _parse_json(text, {})
    found: dict[str, Any] = {}
    for slot in slots:
        value = await parse_slot_value(turn, slot, raw.get(slot.name)) if isinstance(raw, dict) else None
        if value is not None:
            found[slot.name] = value
            assign(turn, frame, slot.name, value)
    return found


# --- flows ---


def _flow_schema(turn: Turn, name: str) -> Schema:
    """A flow and its arguments: those it is callable with, else the slots it asks for."""
    flow = turn.scope.program.flows[name]
    if flow.tool is not None and flow.tool.arguments:
        return _pick_schema(name, arguments_schema(turn, flow.tool.arguments))
    slots = fillable_slots(turn, sorted(flow.slots))
    return _pick_schema(name, slots_schema(turn, slots) if slots else None)


def _pick_schema(name: str, args: Schema | None = None) -> Schema:
    properties: Schema = {"flow": {"const": name}}
    if args is not None:
        properties["args"] = args
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


async def _route(turn: Turn, frame: Frame, op: Llm, index: int, text: str) -> int:
    """Go on in the flow the model picked, with the arguments that are values of what they are for."""
    picked = _parse_json(text, {})
    name = picked.get("flow") if isinstance(picked, dict) else None
    if name not in op.route and name != NONE:
        raise StepError("malformed", "the model picked no flow it could pick", service="llm")
    if op.save:
        assign(turn, frame, op.save, None if name == NONE else name)
    if name == NONE:
        return index + 1
    activity = turn.top
    assert activity is not None
    goto_flow(turn, activity, name)
    fill_from_turn(turn, activity)
    frame = activity.frames[-1]
    raw = picked.get("args")
    if not isinstance(raw, dict):
        return MOVED
    program = turn.scope.program
    flow = program.flows[name]
    for argument in flow.tool.arguments if flow.tool is not None else ():
        if argument.name not in program.slots:
            frame.args[argument.name] = await parse_value(turn, argument.type, raw.get(argument.name))
    for slot in fillable_slots(turn, sorted(raw.keys() & program.slots.keys())):
        value = await parse_slot_value(turn, slot, raw[slot.name])
        if value is not None and turn.scope.stored(slot) is None:
            assign(turn, frame, slot.name, value)
    return MOVED
