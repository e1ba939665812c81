"""Starting a flow: by a trigger, a command, a button, or after the user was asked which one is meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ses.dialogue.output.questions import Question, open_question
from ses.dialogue.running.errors import fallback
from ses.dialogue.slots.filling import captured, slots_of
from ses.dialogue.slots.revision import fill_others
from ses.dialogue.state.session import Activity
from ses.dialogue.state.stack import push, store, under_way
from ses.dialogue.state.turn import Turn
from ses.dialogue.understanding.utterance import Interpretation, hear
from ses.scenario.program.definitions import Trigger


def start(
    turn: Turn,
    flow: str,
    *,
    args: Mapping[str, Any] | None = None,
    trigger: Trigger | None = None,
    heard: Interpretation | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Push a flow and fill its slots from what was heard. One that is under way puts its open question again."""
    turn.repeat = True
    if trigger is not None:
        turn.trace.trigger(trigger)
    if flow in under_way(turn.session) or flow not in turn.newest.flows:
        return
    activity = push(turn, flow, args=facts)
    frame = activity.frames[0]
    for name, value in (args or {}).items():
        slot = turn.newest.slots.get(name)
        if slot is None:
            frame.args[name] = value
        elif value is not None:
            store(turn, frame, slot, value)
    if heard is not None:
        fill_from(turn, activity, heard)


def fill_from(turn: Turn, activity: Activity, heard: Interpretation) -> None:
    """Fill a flow just started from the utterance that started it."""
    captures = captured(heard.intents, heard.program, [activity.frames[0].flow])
    fill_others(turn, heard, activity, slots_of(turn, activity), captures)


def start_with(turn: Turn, flow: str, utterance: str) -> None:
    """Start a flow chosen by the user, with what was said before the choice."""
    heard = hear(turn, utterance, turn.newest)
    triggers = turn.newest.flows[flow].triggers if flow in turn.newest.flows else ()
    start(turn, flow, heard=heard, trigger=triggers[0] if triggers else None)


def fall_back(turn: Turn) -> None:
    """Nothing was understood: the open question again, or the fallback ladder."""
    if open_question(turn) is not None:
        turn.repeat = True
        return
    turn.trace.understand("fallback")
    fallback(turn)


def may_interrupt(turn: Turn, question: Question | None, flow: str) -> bool:
    """`interruptible: false` stops a digression, but not a `within` flow."""
    if question is None or flow not in turn.newest.flows or turn.newest.flows[flow].within:
        return True
    if question.slot is not None and not question.slot.interruptible:
        return False
    return all(question.program.flows[frame.flow].interruptible for frame in question.activity.frames)
