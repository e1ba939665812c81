"""Presses: a button answers its own question while that is open; later it starts its flow, corrects its slot, or
is stale (§9)."""

from __future__ import annotations

from typing import Any

from ses.dialogue.input.channel_transfer import decide
from ses.dialogue.input.replies import answer, apply_reply, begin_change, skip
from ses.dialogue.output.buttons import label_key
from ses.dialogue.output.messages import engine_text
from ses.dialogue.output.questions import Question, is_skip, open_question
from ses.dialogue.running.start import fall_back, may_interrupt, start, start_with
from ses.dialogue.slots.revision import change
from ses.dialogue.state.session import Activity, Offer, Offered, Pending
from ses.dialogue.state.turn import Turn
from ses.dialogue.understanding.answers import Reply
from ses.dialogue.understanding.utterance import hear
from ses.scenario.program.definitions import Trigger


def flow_button(turn: Turn, key: str) -> Trigger | None:
    """The flow whose `button:` this label is, as `label_key` makes it."""
    for trigger in turn.newest.by_button.get(key, ()):
        if trigger.condition is None or trigger.condition.evaluate(turn.scope):
            return trigger
    return None


def press(turn: Turn, offered: Offered, index: int) -> str:
    """What a press does; returns the utterance that it stands for when it is to be understood like typed words,
    else an empty text."""
    offer = offered.offers[index]
    question = open_question(turn)
    pending = turn.session.pending
    turn.trace.understand("button", offer.label)
    turn.understood = True
    if offered.kind == "passage":
        if pending is not None and pending.kind == "passage":
            turn.session.pending = None
        decide(turn, offer.args, offer.value)
        return ""
    if offered.kind in ("flows", "value", "which", "change"):
        if pending is not None and pending.kind == offered.kind and offered is turn.session.offered[-1]:
            choose(turn, pending, offer.value)
        else:
            stale(turn)
        return ""
    if offer.flow:
        return _start(turn, question, offer.flow, args=offer.args)
    if question is not None and offered.question == question.frame.question and pending is None:
        return _answer(turn, question, offered, offer)
    trigger = flow_button(turn, label_key(offer.label)) if offer.value is None else None
    if trigger is not None:
        return _start(turn, question, trigger.flow, trigger=trigger)
    if offered.kind == "slot":
        _late(turn, offered, offer)
        return ""
    if offered.kind == "say" and offer.value is None and offered.turn == turn.session.turn - 1:
        return offer.label
    stale(turn)
    return ""


def _start(turn: Turn, question: Question | None, flow: str, **more: Any) -> str:
    """Start a flow by its button, unless the open question may not be interrupted: that is put again then."""
    turn.repeat = True
    if may_interrupt(turn, question, flow):
        turn.session.pending = None
        start(turn, flow, **more)
    return ""


def stale(turn: Turn) -> None:
    """A button whose question is over."""
    turn.precede(engine_text(turn, "ses.stale"))
    turn.repeat = True


def _answer(turn: Turn, question: Question, offered: Offered, offer: Offer) -> str:
    if offer.value is None:
        return offer.label
    if offered.kind == "confirm":
        apply_reply(turn, question, Reply("yes" if offer.value else "no", [offer.value], 1000))
    elif offered.kind == "menu":
        apply_reply(turn, question, Reply("item", [offer.value], 1000))
    elif is_skip(offer.value):
        skip(turn, question)
    elif question.slot is not None:
        answer(turn, question, _many(question, offer.value))
    return ""


def _many(question: Question, value: Any) -> Any:
    slot = question.slot
    return [value] if slot is not None and slot.many and not isinstance(value, list) else value


def _late(turn: Turn, offered: Offered, offer: Offer) -> None:
    """A slot's button after its question: a correction, as long as the activity lives."""
    activity = _living(turn, offered.activity)
    if activity is None or is_skip(offer.value):
        stale(turn)
        return
    program = turn.program(activity)
    slot = program.slots.get(offered.slot)
    if slot is None:
        stale(turn)
        return
    value = offer.value
    if value is None:
        heard = hear(turn, offer.label, program)
        found = heard.values([slot.type])
        if not found and slot.type != "text":
            stale(turn)
            return
        value = offer.label if slot.type == "text" else found[0].value
    if slot.many and not isinstance(value, list):
        value = [value]
    change(turn, activity, slot, value)


def _living(turn: Turn, activity: int) -> Activity | None:
    return next((one for one in turn.session.stack if one.id == activity), None)


# --- the engine's own questions ---


def choose(turn: Turn, pending: Pending, index: int) -> None:
    """One of the engine's own questions is answered."""
    turn.session.pending = None
    turn.repeat = True
    turn.answered = True
    turn.understood = True
    if pending.kind == "passage":
        decide(turn, pending.value, index)
        return
    if pending.kind == "flows":
        if not 0 <= index < len(pending.options):
            turn.understood = False
            fall_back(turn)
            return
        turn.text = pending.utterance
        start_with(turn, pending.options[index], pending.utterance)
        return
    activity = _living(turn, pending.activity)
    if activity is None or not 0 <= index < len(pending.options):
        return
    program = turn.program(activity)
    option = pending.options[index]
    question = open_question(turn)
    if pending.kind == "value":
        slot = program.slots[pending.slot]
        if question is not None and question.activity is activity and question.slot is slot:
            answer(turn, question, option)
        else:
            change(turn, activity, slot, option)
    elif pending.kind == "which":
        change(turn, activity, program.slots[option], pending.value)
    elif question is not None and question.activity is activity:
        begin_change(turn, question, option)
