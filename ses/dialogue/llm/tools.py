"""Tool calls: flows that a language model calls, whose results it reads before it answers.

The calls under way live in the frame of the step (`ToolCalls`), so that a turn that dies inside a tool goes on there.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ses.dialogue.llm.generation import Generation
from ses.dialogue.llm.schemas import arguments_schema, parse_value
from ses.dialogue.output.messages import mask_values
from ses.dialogue.state.frames import Frame, ToolCalls
from ses.dialogue.state.stack import call_flow, passes_check
from ses.dialogue.state.turn import Turn
from ses.scenario.program.calls import Llm
from ses.scenario.values.values import plain

ROUNDS = 5
"""Times in a row that a model may call tools; then it has to answer."""


def tool_definitions(turn: Turn, op: Llm) -> list[dict[str, Any]]:
    """The flows as the model sees them."""
    flows = turn.scope.program.flows
    return [
        {
            "type": "function",
            "function": {
                "name": name,
                "description": tool.about,
                "parameters": arguments_schema(turn, tool.arguments),
            },
        }
        for name in op.tools
        if (tool := flows[name].tool) is not None
    ]


def record_tool_calls(frame: Frame, written: Generation) -> None:
    """The model wants flows called."""
    rounds = frame.tool_calls = frame.tool_calls or ToolCalls()
    number = rounds.rounds
    rounds.rounds += 1
    calls = [
        (identity or f"call-{number}-{index}", name, arguments)
        for index, (identity, name, arguments) in enumerate(written.calls)
    ]
    rounds.pending = calls
    rounds.messages.append(
        {
            "role": "assistant",
            "content": written.text,
            "tool_calls": [
                {
                    "id": identity,
                    "type": "function",
                    "function": {"name": name, "arguments": arguments or "{}"},
                }
                for identity, name, arguments in calls
            ],
        }
    )


async def run_tool_call(turn: Turn, op: Llm, frame: Frame) -> bool:
    """Push the next flow that the model wants called; false when none is left and the model may go on."""
    rounds = frame.tool_calls
    while rounds is not None and rounds.pending:
        _, name, given = rounds.pending[0]
        tool = turn.scope.program.flows[name].tool if name in op.tools else None
        if tool is None:
            rounds.add_result({"error": f"there is no function {name}"})
            continue
        try:
            arguments = msgspec.json.decode(given or "{}")
        except msgspec.DecodeError:
            arguments = None
        if not isinstance(arguments, dict):
            rounds.add_result({"error": "the arguments are no JSON object"})
            continue
        args = {
            one.name: await parse_value(turn, one.type, arguments.get(one.name)) for one in tool.arguments
        }
        wrong = [
            one.name
            for one in tool.arguments
            if (args[one.name] is None and (arguments.get(one.name) is not None or not one.optional))
            or not _allowed(turn, one.name, args[one.name])
        ]
        if wrong:
            rounds.add_result({"error": f"wrong or missing: {', '.join(wrong)}"})
            continue
        activity = turn.top
        assert activity is not None
        call_flow(turn, activity, name, args)
        return True
    return False


def tool_returned(turn: Turn, op: Llm, frame: Frame, value: Any) -> None:
    """A flow that the model called has returned."""
    text = msgspec.json.encode(plain(value) if value is not None else "done", enc_hook=str).decode()
    if frame.tool_calls is not None:
        frame.tool_calls.add_result(text if op.private else mask_values(turn, text) or text)


def _allowed(turn: Turn, name: str, value: Any) -> bool:
    slot = turn.scope.program.slots.get(name)
    return slot is None or value is None or passes_check(turn, slot, value)
