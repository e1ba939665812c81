"""What needs no scores: the answer to one of the engine's own questions, a command, the label of a button."""

from __future__ import annotations

import re

from ses.dialogue.input.presses import flow_button, press, resolve_pending
from ses.dialogue.output.buttons import find_typed
from ses.dialogue.output.messages import engine_text
from ses.dialogue.output.questions import Question, pending_labels
from ses.dialogue.running.start import may_interrupt, start_flow
from ses.dialogue.slots.filling import mask_answer
from ses.dialogue.state.session import Pending
from ses.dialogue.state.stack import active_flows
from ses.dialogue.state.turn import Turn
from ses.dialogue.understanding.answers import match_label
from ses.dialogue.understanding.utterance import Interpretation, interpret


def answer_pending_question(turn: Turn, interpretation: Interpretation, pending: Pending) -> bool:
    labels = pending_labels(turn, pending)
    picked = match_label(interpretation, labels)
    if picked is not None:
        resolve_pending(turn, pending, picked[0][0])
        return True
    if pending.kind == "value":
        slot = turn.scope.program.slots[pending.slot]
        named = [one.value for one in interpretation.entities([slot.type]) if one.value in pending.options]
        if len(set(map(repr, named))) == 1:
            resolve_pending(turn, pending, pending.options.index(named[0]))
            return True
    label = find_typed(turn, interpretation.label_key)
    if label is not None and label[0].kind == pending.kind:
        resolve_pending(turn, pending, label[0].offers[label[1]].value)
        return True
    return False


def run_command(turn: Turn, text: str) -> bool:
    name, _, rest = text[1:].partition(" ")
    for trigger in turn.newest.by_command.get(name.partition("@")[0].casefold(), ()):
        within = turn.newest.flows[trigger.flow].within
        if within and within.isdisjoint(active_flows(turn.session)):
            continue
        if trigger.condition is None or trigger.condition.evaluate(turn.scope):
            turn.trace.understood("command", trigger.flow)
            turn.text = rest.strip()
            interpretation = interpret(turn, turn.text, turn.newest) if turn.text else None
            start_flow(turn, trigger.flow, trigger=trigger, interpretation=interpretation)
            return True
    return False


_COMMAND = re.compile(r"/[^\W\d]\w{0,31}(?:@\w{1,64})?")


def unknown_command(turn: Turn, text: str, question: Question | None) -> bool:
    """A command that nobody knows answers no question: it is put again, and no attempt is counted."""
    if question is None or _COMMAND.fullmatch(text.strip()) is None:
        return False
    turn.understood = False
    turn.trace.understood("unknown command")
    turn.prepend(engine_text(turn, "ses.invalid"), name="ses.invalid")
    turn.repeat_question = True
    return True


def _asks_back(turn: Turn, label: str) -> bool:
    """«Да?» presses no button «Да»."""
    return turn.text.rstrip().endswith("?") and not label.rstrip().endswith("?")


def press_typed_label(turn: Turn, key: str, question: Question | None) -> bool:
    label = find_typed(turn, key)
    if label is not None and _asks_back(turn, label[0].offers[label[1]].label):
        label = None
    if label is not None:
        offered, index = label
        if offered.offers[index].value is not None or offered.offers[index].flow:
            turn.text = ""
            if question is not None:
                mask_answer(turn, question.slot)
            press(turn, offered, index)
            return True
    trigger = flow_button(turn, key)
    if trigger is None or not may_interrupt(turn, question, trigger.flow):
        return False
    turn.trace.understood("button", trigger.flow)
    turn.text = ""
    start_flow(turn, trigger.flow, trigger=trigger)
    return True
