"""Changing one's mind: finding a correction in an utterance, and going back for it (§7)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ses.dialogue.filling import Fit, fits, note, slots_of
from ses.dialogue.ports import Increment
from ses.dialogue.questions import Question, slot_title
from ses.dialogue.saying import engine_text, rendered, texts
from ses.dialogue.session import Activity, Frame, Pending
from ses.dialogue.stack import call, clear, owner, passes, store
from ses.dialogue.trail import absorb, effect_since
from ses.dialogue.turn import Turn
from ses.dialogue.understanding import BY_NAME, FILES, NUMBERS, Heard, apart, distinct
from ses.scenario.program import Flow, Program, Slot
from ses.scenario.recognition import Found
from ses.scenario.words import phrase_key

_LEADING = frozenset(
    "в во на к ко с со из от до для по у за о об а и это только тогда пусть будет"
    " to in on at from for of the a an it is make that".split()
)
"""Words that may stand between a marker and the value in answer to a `text` question."""


class Correction(NamedTuple):
    """A filled slot and its new value; several slots if it must be asked which one is meant."""

    slots: list[Slot]
    values: list[Any]
    spans: list[tuple[int, int]]


def marker(turn: Turn, heard: Heard) -> tuple[int, int] | None:
    """The first correction marker («нет», «лучше», «не … а») as words `first:last`, the longest of those that begin
    there; none if there is none."""
    message = turn.scope.program.texts.get("ses.correction")
    if message is None:
        return None
    words = tuple(word.text for word in heard.utterance.words)
    best: tuple[int, int] | None = None
    for template in texts(turn, message):
        for begin, finish in _markers(template.constant or ""):
            span = _span(words, begin, finish)
            if span is not None and (best is None or (span[0], -span[1]) < (best[0], -best[1])):
                best = span
    return best


@lru_cache(maxsize=64)
def _markers(text: str) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """The markers a text lists, apart by commas, as the words before and after `…`."""
    markers = []
    for one in text.split(","):
        begin, _, finish = one.replace("...", "…").partition("…")
        if phrase_key(begin):
            markers.append((tuple(phrase_key(begin).split(" ")), tuple(phrase_key(finish).split())))
    return tuple(markers)


def _span(words: tuple[str, ...], begin: tuple[str, ...], finish: tuple[str, ...]) -> tuple[int, int] | None:
    first = _index(words, begin, 0)
    if first is None:
        return None
    last = first + len(begin)
    if not finish:
        return first, last
    second = _index(words, finish, last)
    return None if second is None else (first, second + len(finish))


def _index(words: tuple[str, ...], part: tuple[str, ...], start: int) -> int | None:
    if part[0] not in words:
        return None
    for index in range(start, len(words) - len(part) + 1):
        if words[index : index + len(part)] == part:
            return index
    return None


def find(
    turn: Turn,
    heard: Heard,
    question: Question,
    captures: dict[str, list[Found]],
    mark: tuple[int, int] | None,
) -> Correction | None:
    """A value for a slot of this activity that is filled; with a marker, numbers too. None when there is none, or
    when it would change nothing."""
    open_slot = question.slot
    known = [slot for slot in slots_of(turn, question.activity) if _correctable(turn, slot, open_slot)]
    if not known:
        return None
    for slot in known:
        if slot.name in captures and slot.name != slot.type:
            correction = _correction(turn, [slot], captures[slot.name])
            if correction is not None:
                return correction
    named = [slot for slot in known if _named(turn, heard, slot)]
    if len(named) == 1:
        found = _values_after_name(turn, heard, named[0])
        if found:
            return _correction(turn, named, found)
    allowed = [
        slot
        for slot in known
        if slot.type and (slot.type not in BY_NAME or (mark and slot.type in NUMBERS | {"yes_no"}))
    ]
    if (
        mark
        and "yes_no" in {slot.type for slot in allowed}
        and len(heard.utterance.words) == mark[1] - mark[0]
    ):
        allowed = [slot for slot in allowed if slot.type != "yes_no"]  # a bare «нет» is its own answer
    if open_slot is not None and question.frame.open:
        allowed = [slot for slot in allowed if slot.type != open_slot.type or slot is open_slot]
    taken = list(turn.used)
    if mark:
        words = heard.utterance.words
        taken.append((words[mark[0]].start, words[mark[1] - 1].end))
    found = apart(heard.values(sorted({slot.type for slot in allowed})), taken)
    for one in found:
        slots = [slot for slot in allowed if slot.type == one.entity]
        same = [other for other in found if other.entity == one.entity]
        correction = _correction(turn, slots, same)
        if correction is not None:
            return correction
    return None


def _correctable(turn: Turn, slot: Slot, open_slot: Slot | None) -> bool:
    if slot.type in FILES or slot.choices is not None or turn.scope.stored(slot) is None:
        return False
    return slot is not open_slot


def _correction(turn: Turn, slots: list[Slot], found: Sequence[Found]) -> Correction | None:
    found = apart(found)
    spans = [(one.start, one.end) for one in found]
    values = distinct(one.value for one in found)
    if len(slots) > 1:
        changing = [slot for slot in slots if turn.scope.stored(slot) not in values]
        slots = changing or slots
    slot = slots[0]
    if slot.many:
        values = [values]
    current = turn.scope.stored(slot)
    if len(slots) == 1:
        values = [value for value in values if value != current]  # «не большую, а маленькую»
    return Correction(slots, values, spans) if values and slots else None


def _named(turn: Turn, heard: Heard, slot: Slot) -> bool:
    return _name_span(turn, heard, slot) is not None


def _name_span(turn: Turn, heard: Heard, slot: Slot) -> tuple[int, int] | None:
    parts = phrase_key(slot_title(turn, slot)).split(" ")
    words = [word.text for word in heard.utterance.words]
    for first in range(len(words) - len(parts) + 1):
        if all(_form(words[first + i], part) for i, part in enumerate(parts)):
            return first, first + len(parts)
    return None


def _form(said: str, title: str) -> bool:
    """«сумму» for «сумма», «адреса» for «адрес»: the same beginning, endings of at most two letters."""
    if said == title:
        return True
    stem = title[:-1] if len(title) > 3 else title
    return said.startswith(stem) and len(said) <= len(title) + 2


def _values_after_name(turn: Turn, heard: Heard, slot: Slot) -> list[Found]:
    span = _name_span(turn, heard, slot)
    assert span is not None
    words = heard.utterance.words
    if slot.type == "text":
        if span[1] >= len(words):
            return []
        start = words[span[1]].start
        raw = heard.utterance.raw
        return [Found("text", raw[start:].strip(), start, len(raw), span[1], len(words))]
    name = (words[span[0]].start, words[span[1] - 1].end)
    return apart(heard.values([slot.type]), [name])


def only_value_follows(heard: Heard, mark: tuple[int, int], correction: Correction) -> bool:
    """For a `text` question: the marker comes first, and after it nothing but prepositions and the value."""
    if mark[0] != 0:
        return False
    for word in heard.utterance.words[mark[1] :]:
        inside = any(start <= word.start < end for start, end in correction.spans)
        if not inside and word.text not in _LEADING:
            return False
    return True


# --- applying it ---


def correct(turn: Turn, activity: Activity, correction: Correction) -> None:
    """Change the slot, or ask what is meant."""
    if len(correction.slots) > 1 and len(correction.values) == 1:
        note(turn, correction.slots[0], correction.spans)
        turn.session.pending = Pending(
            kind="which",
            value=correction.values[0],
            activity=activity.id,
            options=[slot.name for slot in correction.slots],
        )
        turn.repeat = True
        return
    slot = correction.slots[0]
    note(turn, slot, correction.spans)
    if len(correction.values) > 1:
        turn.session.pending = Pending(
            kind="value", slot=slot.name, activity=activity.id, options=list(correction.values)
        )
        turn.repeat = True
        return
    change(turn, activity, slot, correction.values[0])


def change(turn: Turn, activity: Activity, slot: Slot, value: Any) -> bool:
    """Give a slot of an activity another value and go back to the earliest step that read it; the question is put
    again. False when its `check` refuses (`invalid` then stands before the question)."""
    program = turn.program(activity)
    turn.repeat = True
    turn.enter(activity)
    try:
        if not passes(turn, slot, value):
            refuse(turn, slot, value)
            return False
        current = turn.scope.stored(slot)
        if current == value:
            return True
        depth = owner(activity, program, slot.name)
        frame = activity.frames[depth]
        flow = program.flows[frame.flow]
        index = _earliest(frame, flow, slot.name)
        if index is not None and effect_since(activity.frames[depth:], index):
            if current is not None:
                _too_late(turn, activity, slot, value, frame)
                return True
            index = None  # nothing is lost by a value that was missing
        if index is not None:
            while len(activity.frames) > depth + 1:
                above = activity.frames.pop()
                absorb(activity.frames[-1], above)
                for name in above.owns:
                    turn.session.slots.pop(name, None)
            rewind(turn, activity, frame, index)
        _clear_readers(turn, program, activity, flow, slot.name)
        store(turn, frame, slot, value)
        frame.failures = 0
        activity.frames[-1].failures = 0
        return True
    finally:
        turn.enter(turn.top)


def refuse(turn: Turn, slot: Slot | None, value: Any) -> None:
    """Let what is said to an answer that does not do stand before the question."""
    scope = turn.scope
    if slot is None or slot.invalid is None:
        turn.precede(engine_text(turn, "ses.invalid"))
        return
    before = scope.local
    scope.local = {**before, "value": None if value is None else scope.living(slot, value)}
    try:
        text, masked = rendered(turn, slot.invalid, f"!{slot.name}")
        if slot.private and value is not None:
            masked = (masked or text).replace(str(value), f"‹{slot.name}›")
        turn.precede(text, masked)
    finally:
        scope.local = before


def _too_late(turn: Turn, activity: Activity, slot: Slot, value: Any, frame: Frame) -> None:
    """An effect cannot be undone. The author's `on_correct` runs with the new value; without one the old stays."""
    if slot.on_correct:
        store(turn, frame, slot, value)
        call(turn, activity, slot.on_correct, {})
    else:
        turn.precede(engine_text(turn, "ses.too_late"))


def _earliest(frame: Frame, flow: Flow, slot: str) -> int | None:
    """The first step of the trail that read the slot, or a variable computed from it."""
    names = {slot, *(variable for variable, sources in flow.derived.items() if slot in sources)}
    for index, step in enumerate(frame.trail):
        place = flow.places.get(step.id)
        if place is not None and not flow.ops[place].reads.isdisjoint(names):
            return index
    return None


def _clear_readers(turn: Turn, program: Program, activity: Activity, flow: Flow, changed: str) -> None:
    """Empty the slots whose `ask`, `check`, `choices` … read what changed, and those that read these."""
    names = {changed, *(variable for variable, sources in flow.derived.items() if changed in sources)}
    pending = [slot for slot in slots_of(turn, activity) if slot.name != changed]
    while True:
        hit = [slot for slot in pending if not slot.reads.isdisjoint(names)]
        if not hit:
            return
        for slot in hit:
            clear(turn, slot)
            names.add(slot.name)
        pending = [slot for slot in pending if slot.name not in names]


def rewind(turn: Turn, activity: Activity, frame: Frame, index: int) -> None:
    """Restore every variable set since the step at `index`, and stand before it."""
    program = turn.program(activity)
    place = frame.trail[index].id
    for step in reversed(frame.trail[index:]):
        for name in (*step.undo, *step.unset):
            _restore(turn, program, frame, name, step.undo.get(name))
    del frame.trail[index:]
    frame.place = place
    frame.open = False
    frame.changing = ""
    frame.failures = 0
    frame.choices = []


def _restore(turn: Turn, program: Program, frame: Frame, name: str, old: Any) -> None:
    slot = program.slots.get(name)
    variable = program.variables.get(name)
    if slot is not None:
        clear(turn, slot)
        if old is not None:
            store(turn, frame, slot, old)
    elif variable is not None and variable.keep == "user":
        if isinstance(turn.written.get(name), Increment) and isinstance(old, int | float):
            turn.write_user(name, Increment(old - turn.user[name]))
        else:
            turn.write_user(name, old)
    elif name in frame.args:
        frame.args[name] = old
    elif old is None:
        turn.session.variables.pop(name, None)
    else:
        turn.session.variables[name] = old


def fill_others(
    turn: Turn, heard: Heard, activity: Activity, slots: Sequence[Slot], captures: dict[str, list[Found]]
) -> list[Fit]:
    """Fill empty slots of an activity unasked. A step that already ran without such a value is gone back to."""
    filled = []
    for fit in fits(turn, heard, slots, captures):
        if fit.doubtful:
            note(turn, fit.slot, fit.spans)
            turn.session.pending = Pending(
                kind="value", slot=fit.slot.name, activity=activity.id, options=list(fit.values)
            )
            turn.repeat = True
            filled.append(fit)
        elif passes(turn, fit.slot, fit.value):
            note(turn, fit.slot, fit.spans)
            change(turn, activity, fit.slot, fit.value)
            filled.append(fit)
    return filled
