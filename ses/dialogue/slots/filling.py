"""Filling slots: the value of an answer, and values an utterance gives beyond the open question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ses.dialogue.output.questions import ordered_slots
from ses.dialogue.state.frames import Activity
from ses.dialogue.state.session import Pending
from ses.dialogue.state.stack import owner_frame, passes_check, store_slot
from ses.dialogue.state.turn import Turn
from ses.dialogue.understanding.utterance import (
    BY_NAME,
    UNTYPED,
    Interpretation,
    distinct,
    interpret,
    without_overlaps,
)
from ses.scenario.program.definitions import Slot
from ses.scenario.program.recognition import Found, Recognised
from ses.scenario.program.robot import Program

WHOLE = 1 << 20
"""The end of a span that covers an utterance of any length."""


class SlotMatch(NamedTuple):
    """A slot and what the utterance says of it; several values if that is ambiguous."""

    slot: Slot
    values: list[Any]
    spans: list[tuple[int, int]]

    @property
    def value(self) -> Any:
        return self.values if self.slot.many else self.values[0]

    @property
    def doubtful(self) -> bool:
        return len(self.values) > 1 and not self.slot.many


def slots_of(turn: Turn, activity: Activity) -> list[Slot]:
    """The slots that the flows of an activity name, innermost frame first."""
    program = turn.program(activity)
    names: dict[str, None] = {}
    for frame in reversed(activity.frames):
        names.update(dict.fromkeys(ordered_slots(program.flows[frame.flow])))
    return [program.slots[name] for name in names]


def is_filled(turn: Turn, slot: Slot) -> bool:
    return turn.scope.stored(slot) is not None


def captures_for(
    recognised: Iterable[Recognised], program: Program, flows: Iterable[str]
) -> dict[str, list[Found]]:
    """What patterns that trigger these flows caught, by slot."""
    names = set(flows)
    caught: dict[str, list[Found]] = {}
    for one in recognised:
        if one.captures and any(trigger.flow in names for trigger in program.by_intent.get(one.intent, ())):
            for name, found in one.captures.items():
                if name in program.slots:
                    caught.setdefault(name, []).extend(found)
    return caught


def match_slots(
    turn: Turn, interpretation: Interpretation, slots: Sequence[Slot], captures: dict[str, list[Found]]
) -> list[SlotMatch]:
    """What the utterance says of these empty slots: captures first, then spans that exactly one of them fits."""
    result: list[SlotMatch] = []
    taken = list(turn.used_spans)
    empty = [slot for slot in slots if not is_filled(turn, slot)]
    for slot in empty:
        found = without_overlaps(captures.get(slot.name, ()), taken)
        if (
            found and slot.name == slot.type
        ):  # `@pizza` names the entity too: it says that one is there, not which
            found = without_overlaps(interpretation.entities([slot.type]), taken) or found
        if found:
            spans = [(one.start, one.end) for one in found]
            taken.extend(spans)
            result.append(SlotMatch(slot, distinct(one.value for one in found), spans))
    by_type: dict[str, list[Slot]] = {}
    for slot in empty:
        if (
            slot.name not in captures
            and slot.choices is None
            and slot.type not in BY_NAME
            and slot.type not in UNTYPED
        ):
            by_type.setdefault(slot.type, []).append(slot)
    if not by_type:
        return result
    groups = group_by_span(interpretation.entities(list(by_type)), taken)
    matched: dict[str, list[Found]] = {}
    for group in groups:
        candidates = {slot.name: (slot, one) for one in group for slot in by_type[one.entity]}
        if len(candidates) == 1:
            slot, one = next(iter(candidates.values()))
            matched.setdefault(slot.name, []).append(one)
    for slot in empty:
        if slot.name in matched:
            ones = matched[slot.name]
            spans = [(one.start, one.end) for one in ones]
            result.append(SlotMatch(slot, distinct(one.value for one in ones), spans))
    return result


def group_by_span(found: Iterable[Found], taken: Iterable[tuple[int, int]]) -> list[list[Found]]:
    """Values that do not overlap, the longest first, all readings of one span together."""
    found = list(found)
    chosen = without_overlaps(found, taken)
    return [[other for other in found if (other.start, other.end) == (one.start, one.end)] for one in chosen]


def fill_slot(turn: Turn, activity: Activity, fit: SlotMatch) -> bool:
    """Give a slot its value if its `check` allows; false if not."""
    if not passes_check(turn, fit.slot, fit.value):
        return False
    program = turn.program(activity)
    store_slot(turn, activity.frames[owner_frame(activity, program, fit.slot.name)], fit.slot, fit.value)
    use_spans(turn, fit.slot, fit.spans)
    return True


def use_spans(turn: Turn, slot: Slot, spans: Sequence[tuple[int, int]]) -> None:
    """These spans are used; a private slot's are masked in everything that outlives the turn."""
    turn.used_spans.extend(spans)
    if slot.private:
        turn.private_spans.extend((start, end, slot.name) for start, end in spans)


def mask_answer(turn: Turn, slot: Slot | None) -> None:
    """An answer to a private question that cannot be told apart from the words around it is private as a whole."""
    if slot is not None and slot.private:
        turn.private_spans.append((0, WHOLE, slot.name))


def fill_from_turn(turn: Turn, activity: Activity) -> None:
    """Offer the turn's utterance to the flow just entered: what is not yet used fills its empty slots."""
    program = turn.program(activity)
    if not turn.text:
        return
    interpretation = interpret(turn, turn.text, program)
    frame = activity.frames[-1]
    flow = program.flows[frame.flow]
    slots = [program.slots[name] for name in ordered_slots(flow)]
    captures = captures_for(interpretation.intents, program, [flow.name])
    for fit in match_slots(turn, interpretation, slots, captures):
        if fit.doubtful:
            clarify_value(turn, activity, fit)
        else:
            fill_slot(turn, activity, fit)


def clarify_value(turn: Turn, activity: Activity, fit: SlotMatch) -> None:
    """Two values for one slot: a clarification question."""
    use_spans(turn, fit.slot, fit.spans)
    turn.session.pending = Pending(
        kind="value", slot=fit.slot.name, activity=activity.id, options=list(fit.values)
    )
    turn.repeat_question = True
