"""The built-in intents: cancel, skip, repeat, help, back."""

from __future__ import annotations

from ses.dialogue.input.replies import skip
from ses.dialogue.output.messages import engine_text, render
from ses.dialogue.output.questions import Question
from ses.dialogue.slots.revision import rewind
from ses.dialogue.state.stack import clear_slot, end_activity, flow_of
from ses.dialogue.state.turn import Turn
from ses.dialogue.state.undo_log import effect_since
from ses.scenario.program.operations import Ask


def run_built_in(turn: Turn, name: str, question: Question | None) -> bool:
    """Do it; false when it means nothing here and the utterance is to be understood otherwise."""
    if question is None:
        nothing = {
            "cancel": "ses.nothing_to_cancel",
            "repeat": "ses.nothing_to_repeat",
            "back": "ses.nothing_to_go_back",
        }
        text = engine_text(turn, nothing[name]) if name in nothing else ""
        if text:
            turn.prepend(text)
        return bool(text)
    turn.repeat_question = True
    if name == "cancel":
        turn.answered = True
        turn.prepend(engine_text(turn, "ses.cancelled"), name="ses.cancelled")
        end_activity(turn)
    elif name == "skip":
        if question.slot is None or not question.slot.optional:
            return False
        skip(turn, question)
    elif name == "help":
        _help(turn, question)
    elif name == "back":
        _back(turn, question)
    return True


def _help(turn: Turn, question: Question) -> None:
    slot = question.slot
    if slot is not None and slot.help is not None:
        turn.prepend(render(turn, slot.help, f"h{slot.name}")[0])
    else:
        turn.prepend(engine_text(turn, "ses.help"), name="ses.help")


def _back(turn: Turn, question: Question) -> None:
    """Clear the last answered slot of this frame and ask it again."""
    frame, activity = question.frame, question.activity
    if frame.revising:
        frame.revising = ""
        frame.choices = []
        return
    flow = flow_of(turn, activity, frame)
    for index in range(len(frame.undo_log) - 1, -1, -1):
        op_index = flow.index_of.get(frame.undo_log[index].id)
        op = flow.ops[op_index] if op_index is not None else None
        if not isinstance(op, Ask) or op.id == frame.op_id or not frame.undo_log[index].question:
            continue
        slot = question.program.slots[op.slot]
        if slot.name not in frame.skipped and turn.scope.stored(slot) is None:
            continue
        if effect_since([frame], index):
            turn.prepend(engine_text(turn, "ses.too_late"), name="ses.too_late")
            return
        rewind(turn, activity, frame, index)
        clear_slot(turn, slot)
        turn.answered = True
        return
    turn.prepend(engine_text(turn, "ses.nothing_to_go_back"), name="ses.nothing_to_go_back")
