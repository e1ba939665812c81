"""What happens when something goes wrong: an answer not understood, a step that fails, a turn that runs away."""

from __future__ import annotations

from typing import Any

from ses.dialogue.output.messages import engine_text, say
from ses.dialogue.output.questions import open_question
from ses.dialogue.slots.assignment import set_value
from ses.dialogue.state.frames import Activity
from ses.dialogue.state.stack import call_flow, end_activity, pop_frame, push_activity
from ses.dialogue.state.turn import Turn
from ses.errors import StepError
from ses.scenario.program.robot import Program


def event_flow(turn: Turn, kind: str) -> str | None:
    """The flow that handles a built-in event in this channel."""
    return turn.newest.at_event(kind, turn.session.channel)


# --- an answer not understood ---


def give_up(turn: Turn) -> None:
    """The open question failed for good: its slot's `on_fail`, else its flow's, else the activity ends and
    `fallback` runs."""
    question = open_question(turn)
    assert question is not None
    frame, program = question.frame, question.program
    frame.failures = 0
    turn.repeat_question = False
    if question.slot is not None and question.slot.on_fail:
        call_flow(turn, question.activity, question.slot.on_fail, {})
        return
    on_fail = program.flows[frame.flow].on_fail
    if on_fail is not None:
        frame.open = False
        frame.revising = ""
        frame.op_id = program.flows[frame.flow].ops[on_fail].id
        return
    end_activity(turn)
    fallback(turn)


def fallback(turn: Turn) -> None:
    """Nothing was understood: the n-th item of the ladder for the n-th time in a row."""
    session = turn.session
    ladder = turn.newest.fallback.get(session.channel) or turn.newest.fallback.get("") or ()
    number = session.fallbacks
    session.fallbacks += 1
    turn.fell_back = True
    if ladder:
        push_activity(turn, ladder[min(number, len(ladder) - 1)], kind="fallback")
        return
    turn.prepend(engine_text(turn, "ses.fallback"), name="ses.fallback")


# --- a step that failed ---


def handle_error(turn: Turn, error: StepError) -> None:
    """Route a step's error: its `on_error` or an enclosing `catch`, callers' too, else event `error`."""
    facts = {
        "kind": error.kind,
        "service": error.service or None,
        "status": error.status,
        "message": str(error),
    }
    told = {key: value for key, value in facts.items() if value is not None} | _place(turn)
    turn.trace.errors.append(told)
    activity = turn.top
    if activity is None:
        _say_error(turn)
        return
    program = turn.program(activity)
    if turn.runaways < 2 and _catch(turn, activity, program, facts):
        told["caught"] = True
        return
    if error.kind == "cancelled":  # what its user wished is no error
        end_activity(turn, back=False)
        turn.repeat_question = False
        return
    run_error_event(turn, activity, facts)


def _place(turn: Turn) -> dict[str, Any]:
    """The step at which the conversation stands: the one that failed, or whose question could not be put."""
    activity = turn.top
    if activity is None:
        return {}
    frame = activity.frames[-1]
    flow = turn.program(activity).flows.get(frame.flow)
    index = flow.index_of.get(frame.op_id) if flow is not None else None
    if flow is None or index is None:
        return {}
    op = flow.ops[index]
    return {"flow": frame.flow, "step": op.id, "line": f"{op.at.file}:{op.at.line}"}


def run_error_event(turn: Turn, activity: Activity | None, facts: dict[str, Any]) -> None:
    """End the activity in which it happened and run event `error`; a failure inside that says `ses.error` and runs
    nothing."""
    nested = activity is not None and activity.kind == "error"
    if activity is not None:
        end_activity(turn)
    flow = event_flow(turn, "error")
    if nested or turn.runaways > 2 or flow is None:
        _say_error(turn)
    else:
        push_activity(turn, flow, kind="error", args={"error": facts})


def _say_error(turn: Turn) -> None:
    """Say `ses.error`; when even that fails there is nothing left to say."""
    message = turn.newest.texts.get("ses.error")
    if message is not None:
        say(turn, message, "ses.error")


def _catch(turn: Turn, activity: Activity, program: Program, facts: dict[str, Any]) -> bool:
    for depth in range(len(activity.frames) - 1, -1, -1):
        frame = activity.frames[depth]
        flow = program.flows[frame.flow]
        index = flow.index_of[frame.op_id]
        if frame.tool_calls is not None and depth < len(activity.frames) - 1 and facts["kind"] != "cancelled":
            _unwind(turn, activity, depth)  # a tool of the model: it is told, and may do something else
            frame.tool_calls.add_result({"error": facts["kind"], "status": facts["status"]})
            return True
        for handler in flow.handlers:
            if handler.start <= index < handler.end:
                _unwind(turn, activity, depth)
                frame.tool_calls = None
                save = getattr(flow.ops[index], "save", "")
                if save:  # what an earlier call left there is not this one's answer
                    set_value(turn, frame, save, None)
                frame.open = False
                frame.revising = ""
                frame.choices = []
                frame.op_id = flow.ops[handler.target].id
                activity.args["error"] = facts
                return True
    return False


def _unwind(turn: Turn, activity: Activity, depth: int) -> None:
    """Drop the frames above."""
    while len(activity.frames) > depth + 1:
        pop_frame(turn, activity)
    turn.enter(activity)
