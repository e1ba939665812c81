"""Applying what was said to the open question: an answer, a skip, yes, no, a menu item; or nothing usable."""

from __future__ import annotations

from typing import Any

from ses.dialogue.output.messages import engine_text
from ses.dialogue.output.questions import Question, ordered_slots
from ses.dialogue.running.errors import give_up
from ses.dialogue.slots.filling import use_spans
from ses.dialogue.slots.revision import revise_slot, say_invalid
from ses.dialogue.state.frames import Frame
from ses.dialogue.state.session import Pending
from ses.dialogue.state.stack import end_activity, flow_of, passes_check, store_slot
from ses.dialogue.state.turn import Turn
from ses.dialogue.understanding.answers import Reply
from ses.scenario.program.operations import Confirm, Menu
from ses.scenario.values.values import plain

RETRIES = 2
"""Failures in a row after which a confirm or a menu gives up; a slot says its own."""


def apply_reply(turn: Turn, question: Question, reply: Reply) -> None:
    """Apply a reply to the open question."""
    frame = question.frame
    if reply.kind == "slot":
        _apply_slot(turn, question, reply)
    elif reply.kind == "skip":
        skip(turn, question)
    elif reply.kind in ("unsure", "not_that"):
        _ask_again(turn, reply)
    elif reply.kind == "yes":
        close_question(turn, question)
    elif reply.kind == "no":
        _decline(turn, question, negated=any(reply.values))
    elif reply.kind == "item" and isinstance(question.op, Menu):
        flow = flow_of(turn, question.activity, frame)
        close_question(turn, question, flow.ops[question.op.items[reply.values[0]].target].id)


def _ask_again(turn: Turn, reply: Reply) -> None:
    """The question once more, no attempt being counted: who hesitates, or said only what he does not want, did not fail."""
    turn.prepend(engine_text(turn, f"ses.{reply.kind}"))
    turn.unwanted = list(reply.values) if reply.kind == "not_that" else []
    turn.repeat_question = True


def close_question(turn: Turn, question: Question, op_id: str = "") -> None:
    """The question is answered: go on at `op_id`, else at the next operation."""
    frame = question.frame
    if not op_id:
        flow = flow_of(turn, question.activity, frame)
        op_id = flow.ops[flow.index_of[frame.op_id] + 1].id
    frame.op_id = op_id
    frame.open = False
    frame.failures = 0
    frame.choices = []
    turn.answered = True


def _apply_slot(turn: Turn, question: Question, reply: Reply) -> None:
    slot = question.slot
    assert slot is not None
    use_spans(turn, slot, reply.spans)
    if len(reply.values) > 1:
        turn.session.pending = Pending(
            kind="value", slot=slot.name, activity=question.activity.id, options=list(reply.values)
        )
        turn.repeat_question = True
        return
    answer_slot(turn, question, reply.values[0])


def answer_slot(turn: Turn, question: Question, value: Any) -> bool:
    """Give the open question's slot its value; false when its `check` refuses it."""
    slot, frame = question.slot, question.frame
    assert slot is not None
    if not passes_check(turn, slot, value):
        invalid_reply(turn, question, value)
        return False
    if frame.revising:
        frame.revising = ""
        frame.choices = []
        turn.answered = True
        revise_slot(turn, question.activity, slot, value)
        return True
    store_slot(turn, frame, slot, value)
    close_question(turn, question)
    return True


def skip(turn: Turn, question: Question) -> None:
    """An optional slot stays empty, or takes its default, and is not asked again in this frame."""
    slot, frame = question.slot, question.frame
    assert slot is not None
    if frame.revising:
        frame.revising = ""
        frame.choices = []
        turn.repeat_question = True
        return
    value = plain(slot.default.evaluate(turn.scope)) if slot.default is not None else None
    if value is not None:
        store_slot(turn, frame, slot, value)
    elif slot.name not in frame.skipped:
        frame.skipped.append(slot.name)
    close_question(turn, question)


def _decline(turn: Turn, question: Question, *, negated: bool) -> None:
    """`negated`: a yes was denied («не всё верно»); what is wrong was not said."""
    op, frame = question.op, question.frame
    assert isinstance(op, Confirm)
    flow = flow_of(turn, question.activity, frame)
    if op.no is not None:
        close_question(turn, question, flow.ops[op.no].id)
        return
    turn.answered = True
    slots = question.program.slots
    options = [
        name
        for name in ordered_slots(flow)
        if name in frame.skipped or turn.scope.stored(slots[name]) is not None
    ]
    if not options and negated:
        turn.prepend(engine_text(turn, "ses.what_is_wrong"), name="ses.what_is_wrong")
        turn.repeat_question = True
        return
    if not options:
        turn.prepend(engine_text(turn, "ses.cancelled"), name="ses.cancelled")
        end_activity(turn)
        return
    turn.session.pending = Pending(kind="change", activity=question.activity.id, options=options)
    turn.repeat_question = True


def ask_revision(turn: Turn, question: Question, slot: str) -> None:
    """At a confirm: ask the slot chosen at `ses.change` instead."""
    frame: Frame = question.frame
    frame.revising = slot
    frame.choices = []
    frame.failures = 0
    turn.repeat_question = True


def invalid_reply(
    turn: Turn, question: Question, value: Any = None, *, pending: Pending | None = None
) -> None:
    """Nothing usable was said: `invalid` and the question again, or at the last failure `on_fail`. The engine's own
    question (`pending`) is put again once, then the open one below it."""
    frame = question.frame
    if pending is not None:
        frame.failures += 1
        if frame.failures < RETRIES:
            turn.session.pending = pending
        turn.prepend(engine_text(turn, "ses.invalid"), name="ses.invalid")
        turn.repeat_question = True
        return
    frame.failures += 1
    retries = question.slot.retries if question.slot is not None else RETRIES
    if frame.failures >= retries:
        give_up(turn)
        return
    say_invalid(turn, question.slot, value)
    turn.repeat_question = True
