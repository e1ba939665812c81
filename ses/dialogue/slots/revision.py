"""Revising a slot that is filled: rolling back to the first step that read it, or saying that it is too late."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ses.dialogue.output.messages import engine_text, render, variants_of
from ses.dialogue.slots.filling import SlotMatch, clarify_value, match_slots, slots_of, use_spans
from ses.dialogue.state.frames import Activity, Frame
from ses.dialogue.state.ports import Increment
from ses.dialogue.state.stack import call_flow, clear_slot, owner_frame, passes_check, pop_frame, store_slot
from ses.dialogue.state.turn import Turn
from ses.dialogue.state.undo_log import effect_since
from ses.dialogue.understanding.utterance import Interpretation
from ses.scenario.program.definitions import Flow, Slot
from ses.scenario.program.messages import Message
from ses.scenario.program.operations import Ask
from ses.scenario.program.recognition import Found
from ses.scenario.program.robot import Program


def revise_slot(turn: Turn, activity: Activity, slot: Slot, value: Any) -> bool:
    """Give a slot of an activity another value and go back to the earliest step that read it; the question is put
    again. False when its `check` refuses (`invalid` then stands before the question)."""
    program = turn.program(activity)
    turn.repeat_question = True
    turn.enter(activity)
    try:
        if not passes_check(turn, slot, value):
            say_invalid(turn, slot, value)
            return False
        current = turn.scope.stored(slot)
        if current == value:
            return True
        depth = owner_frame(activity, program, slot.name)
        frame = activity.frames[depth]
        flow = program.flows[frame.flow]
        index = _first_reader(frame, flow, slot.name, questions=current is not None)
        if index is not None and effect_since(activity.frames[depth:], index):
            if current is not None:
                _too_late(turn, activity, slot, value, frame)
                return True
            index = None  # nothing is lost by a value that was missing
        if index is not None:
            _unwind(turn, activity, depth)
            rewind(turn, activity, frame, index)
        store_slot(turn, frame, slot, value)
        if current is not None:
            _clear_readers(turn, activity, flow, slot.name)
        frame.failures = 0
        activity.frames[-1].failures = 0
        return True
    finally:
        turn.enter(turn.top)


def say_invalid(turn: Turn, slot: Slot | None, value: Any) -> None:
    """Let what is said to an answer that does not do stand before the question."""
    scope = turn.scope
    if slot is None or slot.invalid is None or (value is None and _speaks_of_value(turn, slot.invalid)):
        turn.prepend(engine_text(turn, "ses.invalid"), name="ses.invalid")
        return
    before = scope.local
    scope.local = {**before, "value": None if value is None else scope.living(slot, value)}
    try:
        text, masked = render(turn, slot.invalid, f"!{slot.name}")
        if slot.private and value is not None:
            masked = (masked or text).replace(str(value), f"‹{slot.name}›")
        turn.prepend(text, masked)
    finally:
        scope.local = before


def _speaks_of_value(turn: Turn, message: Message) -> bool:
    """Whether a text prints the value, which is missing when nothing was understood."""
    return any("value" in template.names for template in variants_of(turn, message))


def _too_late(turn: Turn, activity: Activity, slot: Slot, value: Any, frame: Frame) -> None:
    """An effect cannot be undone. The author's `on_correct` runs with the new value; without one the old stays."""
    if slot.on_correct:
        store_slot(turn, frame, slot, value)
        call_flow(turn, activity, slot.on_correct, {})
    else:
        turn.prepend(engine_text(turn, "ses.too_late"), name="ses.too_late")


def reask_lost_slot(turn: Turn) -> bool:
    """The activity that goes on may miss a slot that one above it emptied (a correction there): go back to where it
    was asked. False when nothing is missing, or an effect lies between."""
    activity = turn.top
    if activity is None or turn.returns_to != activity.id:
        return False
    program = turn.program(activity)
    for depth, frame in enumerate(activity.frames):
        flow = program.flows[frame.flow]
        lost = [name for name in frame.owns if name not in turn.session.slots]
        asks = [n for n, op in enumerate(flow.ops) if lost and isinstance(op, Ask) and op.slot in lost]
        if not asks or asks[0] >= flow.index_of[frame.op_id]:
            continue
        steps = enumerate(frame.undo_log)
        index = next(
            (n for n, step in steps if flow.index_of.get(step.id, -1) >= asks[0]), len(frame.undo_log)
        )
        if effect_since(activity.frames[depth:], index):
            return False
        _unwind(turn, activity, depth)
        rewind(turn, activity, frame, index)
        frame.op_id = flow.ops[asks[0]].id
        return True
    return False


def _unwind(turn: Turn, activity: Activity, depth: int) -> None:
    """Drop the frames above one, with their slots; what they did counts as their callers' steps."""
    while len(activity.frames) > depth + 1:
        pop_frame(turn, activity)


def _first_reader(frame: Frame, flow: Flow, slot: str, *, questions: bool) -> int | None:
    """The first entry of the undo log whose step read the slot, or a variable computed from it. For a slot that was empty,
    questions answered without it stand."""
    names = {slot, *(variable for variable, sources in flow.derived.items() if slot in sources)}
    for index, step in enumerate(frame.undo_log):
        op_index = flow.index_of.get(step.id)
        if op_index is None or flow.ops[op_index].reads.isdisjoint(names):
            continue
        if questions or not isinstance(flow.ops[op_index], Ask):
            return index
    return None


def _clear_readers(turn: Turn, activity: Activity, flow: Flow, changed: str) -> None:
    """Empty the slots whose `ask`, `choices` … read what changed, or whose `check` now refuses them, and those that read
    these."""
    names = {changed, *(variable for variable, sources in flow.derived.items() if changed in sources)}
    pending = [
        slot
        for slot in slots_of(turn, activity)
        if slot.name != changed and turn.scope.stored(slot) is not None
    ]
    while True:
        hit = [
            slot
            for slot in pending
            if not slot.question_reads.isdisjoint(names) or _refused(turn, slot, names)
        ]
        if not hit:
            return
        for slot in hit:
            clear_slot(turn, slot)
            names.add(slot.name)
        pending = [slot for slot in pending if slot.name not in names]


def _refused(turn: Turn, slot: Slot, names: Collection[str]) -> bool:
    """Whether the slot's `check` reads one of these and refuses what stands."""
    if slot.check is None or slot.check.names.isdisjoint(names):
        return False
    return not passes_check(turn, slot, turn.scope.stored(slot))


def rewind(turn: Turn, activity: Activity, frame: Frame, index: int) -> None:
    """Restore every variable set since the step at `index`, and stand before it."""
    program = turn.program(activity)
    op_id = frame.undo_log[index].id if index < len(frame.undo_log) else frame.op_id
    for step in reversed(frame.undo_log[index:]):
        for name in (*step.undo, *step.unset):
            _restore(turn, program, frame, name, step.undo.get(name))
    del frame.undo_log[index:]
    frame.op_id = op_id
    frame.open = False
    frame.revising = ""
    frame.failures = 0
    frame.choices = []


def _restore(turn: Turn, program: Program, frame: Frame, name: str, old: Any) -> None:
    slot = program.slots.get(name)
    variable = program.variables.get(name)
    if slot is not None:
        clear_slot(turn, slot)
        if old is not None:
            store_slot(turn, frame, slot, old)
    elif variable is not None and variable.keep == "user":
        if old is None:
            turn.set_user_variable(name, variable.default)
        elif isinstance(turn.user_changes.get(name), Increment) and isinstance(old, int | float):
            turn.set_user_variable(name, Increment(old - turn.user[name]))
        else:
            turn.set_user_variable(name, old)
    elif name in frame.args:
        frame.args[name] = old
    elif old is None:
        turn.session.variables.pop(name, None)
    else:
        turn.session.variables[name] = old


def fill_other_slots(
    turn: Turn,
    interpretation: Interpretation,
    activity: Activity,
    slots: Sequence[Slot],
    captures: dict[str, list[Found]],
) -> list[SlotMatch]:
    """Fill empty slots of an activity unasked. A step that already ran without such a value is gone back to."""
    filled = []
    for fit in match_slots(turn, interpretation, slots, captures):
        if fit.doubtful:
            clarify_value(turn, activity, fit)
            filled.append(fit)
        elif passes_check(turn, fit.slot, fit.value):
            use_spans(turn, fit.slot, fit.spans)
            revise_slot(turn, activity, fit.slot, fit.value)
            filled.append(fit)
        else:
            use_spans(turn, fit.slot, fit.spans)
            say_invalid(turn, fit.slot, fit.value)
            turn.repeat_question = True
            filled.append(fit)
    return filled
