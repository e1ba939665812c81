"""Presses of buttons: a button answers its own question while that is open; later it starts its flow, corrects its slot, or
is stale."""

from __future__ import annotations

from typing import Any

from ses.dialogue.input.channel_transfer import answer_offer
from ses.dialogue.input.replies import answer_slot, apply_reply, ask_revision, skip
from ses.dialogue.output.buttons import label_key
from ses.dialogue.output.messages import engine_text
from ses.dialogue.output.questions import Question, is_skip, open_question
from ses.dialogue.running.start import may_interrupt, repeat_or_fall_back, start_chosen_flow, start_flow
from ses.dialogue.slots.many import toggled
from ses.dialogue.slots.revision import revise_slot
from ses.dialogue.state.frames import Activity
from ses.dialogue.state.session import ButtonSet, Offer, Pending
from ses.dialogue.state.turn import Turn
from ses.dialogue.understanding.answers import Reply
from ses.dialogue.understanding.utterance import interpret
from ses.scenario.program.definitions import Trigger


def flow_button(turn: Turn, key: str) -> Trigger | None:
    """The flow whose `button:` this label is, as `label_key` makes it."""
    for trigger in turn.newest.by_button.get(key, ()):
        if trigger.condition is None or trigger.condition.evaluate(turn.scope):
            return trigger
    return None


def press(turn: Turn, offered: ButtonSet, index: int) -> str:
    """What a press does; returns the utterance that it stands for when it is to be understood like typed words,
    else an empty text."""
    offer = offered.offers[index]
    question = open_question(turn)
    pending = turn.session.pending
    turn.trace.understood("button", offer.label)
    turn.understood = True
    if offered.kind == "passage":
        if pending is not None and pending.kind == "passage":
            turn.session.pending = None
        answer_offer(turn, offer.args, offer.value)
        return ""
    if offered.kind in ("flows", "value", "which", "change"):
        if pending is not None and pending.kind == offered.kind and offered is turn.session.button_sets[-1]:
            resolve_pending(turn, pending, offer.value)
        else:
            say_stale(turn)
        return ""
    if offer.flow:
        return _start_by_button(turn, question, offer.flow, args=offer.args)
    if question is not None and offered.question == question.frame.question and pending is None:
        return _answer_question(turn, question, offered, offer)
    trigger = flow_button(turn, label_key(offer.label)) if offer.value is None else None
    if trigger is not None:
        return _start_by_button(turn, question, trigger.flow, trigger=trigger)
    if offered.kind == "slot":
        _press_late(turn, offered, offer)
        return ""
    if offered.kind == "say" and offer.value is None and offered.turn == turn.session.turn - 1:
        return offer.label
    say_stale(turn)
    return ""


def _start_by_button(turn: Turn, question: Question | None, flow: str, **more: Any) -> str:
    """Start a flow by its button, unless the open question may not be interrupted: that is put again then."""
    turn.repeat_question = True
    if may_interrupt(turn, question, flow):
        turn.session.pending = None
        start_flow(turn, flow, **more)
    return ""


def say_stale(turn: Turn) -> None:
    """A button whose question is over."""
    turn.prepend(engine_text(turn, "ses.stale"), name="ses.stale")
    turn.repeat_question = True


def _answer_question(turn: Turn, question: Question, offered: ButtonSet, offer: Offer) -> str:
    if offer.value is None:
        return offer.label
    if offered.kind == "confirm":
        apply_reply(turn, question, Reply("yes" if offer.value else "no", [offer.value], 1000))
    elif offered.kind == "menu":
        apply_reply(turn, question, Reply("item", [offer.value], 1000))
    elif is_skip(offer.value):
        skip(turn, question)
    elif question.slot is not None:
        answer_slot(turn, question, _many(question, offer.value))
    return ""


def _many(question: Question, value: Any) -> Any:
    slot = question.slot
    return [value] if slot is not None and slot.many and not isinstance(value, list) else value


def _press_late(turn: Turn, offered: ButtonSet, offer: Offer) -> None:
    """A slot's button after its question: a correction, as long as the activity lives."""
    activity = _activity(turn, offered.activity)
    if activity is None or is_skip(offer.value):
        say_stale(turn)
        return
    program = turn.program(activity)
    slot = program.slots.get(offered.slot)
    if slot is None:
        say_stale(turn)
        return
    value = offer.value
    if value is None:
        interpretation = interpret(turn, offer.label, program)
        found = interpretation.entities([slot.type])
        if not found and slot.type != "text":
            say_stale(turn)
            return
        value = offer.label if slot.type == "text" else found[0].value
    if slot.many and not isinstance(value, list):
        value = toggled(turn.scope.stored(slot), value)
    revise_slot(turn, activity, slot, value)


def _activity(turn: Turn, activity: int) -> Activity | None:
    return next((one for one in turn.session.stack if one.id == activity), None)


# --- the engine's own questions ---


def resolve_pending(turn: Turn, pending: Pending, index: int) -> None:
    """One of the engine's own questions is answered."""
    turn.session.pending = None
    turn.repeat_question = True
    turn.answered = True
    turn.understood = True
    if pending.kind == "passage":
        answer_offer(turn, pending.value, index)
        return
    if pending.kind == "flows":
        if not 0 <= index < len(pending.options):
            turn.understood = False
            repeat_or_fall_back(turn)
            return
        turn.text = pending.utterance
        start_chosen_flow(turn, pending.options[index], pending.utterance)
        return
    activity = _activity(turn, pending.activity)
    if activity is None or not 0 <= index < len(pending.options):
        return
    program = turn.program(activity)
    option = pending.options[index]
    question = open_question(turn)
    if pending.kind == "value":
        slot = program.slots[pending.slot]
        if question is not None and question.activity is activity and question.slot is slot:
            answer_slot(turn, question, option)
        else:
            revise_slot(turn, activity, slot, option)
    elif pending.kind == "which":
        revise_slot(turn, activity, program.slots[option], pending.value)
    elif question is not None and question.activity is activity:
        ask_revision(turn, question, option)
