"""Starting a flow: by a trigger, a command, a button, or after a clarification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ses.dialogue.output.questions import Question, open_question
from ses.dialogue.running.errors import fallback
from ses.dialogue.slots.filling import captures_for, slots_of
from ses.dialogue.slots.revision import fill_other_slots
from ses.dialogue.state.frames import Activity
from ses.dialogue.state.stack import active_flows, push_activity, store_slot
from ses.dialogue.state.turn import Turn
from ses.dialogue.understanding.utterance import Interpretation, interpret
from ses.scenario.program.definitions import Trigger


def start_flow(
    turn: Turn,
    flow: str,
    *,
    args: Mapping[str, Any] | None = None,
    trigger: Trigger | None = None,
    interpretation: Interpretation | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Push a flow and fill its slots from the utterance. One that is active already puts its open question again."""
    turn.repeat_question = True
    if trigger is not None:
        turn.trace.trigger(trigger)
    if flow in active_flows(turn.session) or flow not in turn.newest.flows:
        return
    activity = push_activity(turn, flow, args=facts)
    frame = activity.frames[0]
    for name, value in (args or {}).items():
        slot = turn.newest.slots.get(name)
        if slot is None:
            frame.args[name] = value
        elif value is not None:
            store_slot(turn, frame, slot, value)
    if interpretation is not None:
        fill_from(turn, activity, interpretation)


def fill_from(turn: Turn, activity: Activity, interpretation: Interpretation) -> None:
    """Fill a flow just started from the utterance that started it."""
    captures = captures_for(interpretation.intents, interpretation.program, [activity.frames[0].flow])
    fill_other_slots(turn, interpretation, activity, slots_of(turn, activity), captures)


def start_chosen_flow(turn: Turn, flow: str, utterance: str) -> None:
    """Start a flow chosen by the user, with what was said before the choice."""
    interpretation = interpret(turn, utterance, turn.newest)
    triggers = turn.newest.flows[flow].triggers if flow in turn.newest.flows else ()
    start_flow(turn, flow, interpretation=interpretation, trigger=triggers[0] if triggers else None)


def repeat_or_fall_back(turn: Turn) -> None:
    """Nothing was understood: the open question again, or the fallback ladder."""
    if open_question(turn) is not None:
        turn.repeat_question = True
        return
    turn.trace.understood("fallback")
    fallback(turn)


def may_interrupt(turn: Turn, question: Question | None, flow: str) -> bool:
    """`interruptible: false` stops a digression, but not a `within` flow."""
    if question is None or flow not in turn.newest.flows or turn.newest.flows[flow].within:
        return True
    if question.slot is not None and not question.slot.interruptible:
        return False
    return all(question.program.flows[frame.flow].interruptible for frame in question.activity.frames)
