"""The stack of activities and their frames: pushing, popping, ending, and whose a slot's value is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ses.dialogue.state.frames import Activity, Frame
from ses.dialogue.state.session import STACK, Session
from ses.dialogue.state.turn import Turn
from ses.dialogue.state.undo_log import merge_into_caller
from ses.errors import StepError
from ses.scenario.program.definitions import Flow, Slot
from ses.scenario.program.operations import Op
from ses.scenario.program.robot import Program

FRAMES = 64
"""Frames an activity may hold: a call cycle that the check could not see ends as `runaway`."""
MOVED = -1
"""Instead of the index of the next operation: the frames changed, look again at which is on top."""


def push_activity(
    turn: Turn, flow: str, *, kind: Any = "flow", args: dict[str, Any] | None = None
) -> Activity:
    """Begin an activity in the newest version, on top. A ninth pushes out the lowest."""
    session = turn.session
    session.activities += 1
    activity = Activity(
        id=session.activities,
        version=turn.newest.version,
        frames=[Frame(flow=flow, op_id=turn.newest.flows[flow].ops[0].id)],
        kind=kind,
        args=args or {},
    )
    session.stack.append(activity)
    if len(session.stack) > STACK:
        forget_activity(turn, session.stack.pop(0))
    turn.enter(activity)
    return activity


def call_flow(turn: Turn, activity: Activity, flow: str, args: dict[str, Any]) -> Frame:
    """Push a frame: arguments named like a slot fill it, the others are local names."""
    program = turn.program(activity)
    if len(activity.frames) >= FRAMES:
        raise StepError("runaway", f"flows call each other more than {FRAMES} deep")
    frame = Frame(flow=flow, op_id=program.flows[flow].ops[0].id)
    activity.frames.append(frame)
    turn.enter(activity)
    for name, value in args.items():
        slot = program.slots.get(name)
        if slot is None:
            frame.args[name] = value
        elif value is not None:
            store_slot(turn, frame, slot, value)
    return frame


def goto_flow(turn: Turn, activity: Activity, flow: str) -> None:
    """Replace the flow of the top frame; its slots are kept. Steps that answer for a question (`on_fail`,
    `on_correct`) stand for the frame they were called from."""
    if activity.frames[-1].flow.startswith(("#on_fail.", "#on_correct.")) and len(activity.frames) > 1:
        hidden = activity.frames.pop()
        forget_frame(turn.session, hidden)
    frame = activity.frames[-1]
    frame.flow = flow
    frame.op_id = turn.program(activity).flows[flow].ops[0].id
    frame.open = False
    frame.revising = ""
    frame.failures = 0
    frame.undo_log = []
    frame.loops = {}
    frame.choices = []
    turn.enter(activity)


def pop_frame(turn: Turn, activity: Activity) -> None:
    """Drop the innermost frame of several, with its slots; what it did counts as its caller's step."""
    frame = activity.frames.pop()
    merge_into_caller(activity.frames[-1], frame)
    forget_frame(turn.session, frame)
    turn.enter(activity)


def end_activity(turn: Turn, *, back: bool = True) -> None:
    """End the top activity; the one below will put its question again, after `ses.back`."""
    session = turn.session
    forget_activity(turn, session.stack.pop())
    turn.enter(turn.top)
    if session.pending is not None and session.pending.activity not in {a.id for a in session.stack}:
        session.pending = None
    if session.stack:
        turn.repeat_question = True
        if back:
            turn.returns_to = session.stack[-1].id


def forget_activity(turn: Turn, activity: Activity) -> None:
    for frame in activity.frames:
        forget_frame(turn.session, frame)
    turn.session.button_sets = [
        offered
        for offered in turn.session.button_sets
        if offered.activity != activity.id or offered.kind == "say" or any(o.flow for o in offered.offers)
    ]


def forget_frame(session: Session, frame: Frame) -> None:
    for name in frame.owns:
        session.slots.pop(name, None)


def active_flows(session: Session) -> Iterator[str]:
    """Names of all flows on the stack."""
    for activity in session.stack:
        for frame in activity.frames:
            yield frame.flow


def flow_of(turn: Turn, activity: Activity, frame: Frame) -> Flow:
    return turn.program(activity).flows[frame.flow]


def operation(turn: Turn, activity: Activity, frame: Frame) -> Op:
    """The operation a frame rests at."""
    flow = flow_of(turn, activity, frame)
    return flow.ops[flow.index_of[frame.op_id]]


# --- slots ---


def store_slot(turn: Turn, frame: Frame, slot: Slot, value: Any) -> None:
    """Give a slot a value; it ends with `frame` unless another frame has it already or it is kept longer."""
    if slot.keep == "user":
        turn.set_user_variable(slot.name, value)
        return
    session = turn.session
    session.slots[slot.name] = value
    if slot.keep == "flow" and not any(
        slot.name in other.owns for activity in session.stack for other in activity.frames
    ):
        frame.owns.append(slot.name)
    if slot.name in frame.skipped:
        frame.skipped.remove(slot.name)


def clear_slot(turn: Turn, slot: Slot) -> None:
    """Empty a slot. A frame of another activity that it belonged to keeps it: it asks again when it goes on."""
    session = turn.session
    if slot.keep == "user":
        turn.set_user_variable(slot.name, None)
    session.slots.pop(slot.name, None)
    activity = turn.scope.activity
    for frame in activity.frames if activity is not None else ():
        if slot.name in frame.owns:
            frame.owns.remove(slot.name)
        if slot.name in frame.skipped:
            frame.skipped.remove(slot.name)


def owner_frame(activity: Activity, program: Program, slot: str) -> int:
    """Index of the innermost frame that a slot belongs to, or whose flow names it; the innermost of all if none."""
    for index in range(len(activity.frames) - 1, -1, -1):
        frame = activity.frames[index]
        if slot in frame.owns or slot in program.flows[frame.flow].slots:
            return index
    return len(activity.frames) - 1


def passes_check(turn: Turn, slot: Slot, value: Any) -> bool:
    """Whether a slot's `check` allows a value."""
    if slot.check is None:
        return True
    scope = turn.scope
    before, scope.local = scope.local, {**scope.local, "value": scope.living(slot, value)}
    try:
        return bool(slot.check.evaluate(scope))
    finally:
        scope.local = before
