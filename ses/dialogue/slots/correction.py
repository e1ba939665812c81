"""Corrections: finding one in an utterance, by its marker or its value, and applying it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ses.dialogue.output.messages import variants_of
from ses.dialogue.output.questions import Question, choices_of, slot_title
from ses.dialogue.slots.filling import slots_of, use_spans
from ses.dialogue.slots.many import revised
from ses.dialogue.slots.revision import revise_slot
from ses.dialogue.state.frames import Activity
from ses.dialogue.state.session import Pending
from ses.dialogue.state.stack import passes_check
from ses.dialogue.state.turn import Turn
from ses.dialogue.understanding.answers import match_label_words
from ses.dialogue.understanding.utterance import (
    BY_NAME,
    FILES,
    NUMBERS,
    Interpretation,
    distinct,
    without_overlaps,
)
from ses.scenario.program.definitions import Slot
from ses.scenario.program.recognition import Found
from ses.scenario.words.tokeniser import phrase_key

_LEADING = frozenset(
    "в во на к ко с со из от до для по у за о об а и это только тогда пусть будет"
    " to in on at from for of the a an it is make that".split()
)
"""Words that may stand between a marker and the value in answer to a `text` question."""


class Correction(NamedTuple):
    """A filled slot and its new value; several slots if it is ambiguous which one is meant."""

    slots: list[Slot]
    values: list[Any]
    spans: list[tuple[int, int]]


def find_marker(turn: Turn, interpretation: Interpretation) -> tuple[int, int] | None:
    """The first correction marker («нет», «лучше», «не … а») as words `first:last`, the longest of those that begin
    there; none if there is none."""
    message = turn.scope.program.texts.get("ses.correction")
    if message is None:
        return None
    words = tuple(word.text for word in interpretation.utterance.words)
    best: tuple[int, int] | None = None
    for template in variants_of(turn, message):
        firsts, markers = _markers(template.constant or "")
        if firsts.isdisjoint(words):
            continue
        for begin, finish in markers:
            span = _span(words, begin, finish)
            if span is not None and (best is None or (span[0], -span[1]) < (best[0], -best[1])):
                best = span
    return best


@lru_cache(maxsize=64)
def _markers(text: str) -> tuple[frozenset[str], tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]:
    """The markers a text lists, apart by commas, as the words before and after `…`; and what they begin with."""
    markers = []
    for one in text.split(","):
        begin, _, finish = one.replace("...", "…").partition("…")
        if phrase_key(begin):
            markers.append((tuple(phrase_key(begin).split(" ")), tuple(phrase_key(finish).split())))
    return frozenset(begin[0] for begin, _ in markers), tuple(markers)


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


def find_correction(
    turn: Turn,
    interpretation: Interpretation,
    question: Question,
    captures: dict[str, list[Found]],
    mark: tuple[int, int] | None,
    *,
    same: bool = False,
    done: Collection[str] = (),
) -> Correction | None:
    """A value for a slot of this activity that is filled; with a marker, numbers too. None when there is none, or
    when it would change nothing, unless `same` asks for that too. `done`: slots that were corrected already."""
    open_slot = question.slot
    known = [
        slot
        for slot in slots_of(turn, question.activity)
        if slot.name not in done and _correctable(turn, slot, open_slot)
    ]
    if not known:
        return _other_choice(turn, interpretation, question, mark)
    caught = _caught(turn, known, captures)
    if caught is not None:
        return caught
    chosen = _other_choice(turn, interpretation, question, mark)
    if chosen is not None:
        return chosen
    types = {slot.type for slot in turn.scope.program.slots.values() if slot.name == slot.type}
    elsewhere = [(one.start, one.end) for name in captures if name not in types for one in captures[name]]
    named = [slot for slot in known if _is_named(turn, interpretation, slot)]
    if len(named) == 1:
        found = _values_after_name(turn, interpretation, named[0], elsewhere)
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
        and len(interpretation.utterance.words) == mark[1] - mark[0]
    ):
        allowed = [slot for slot in allowed if slot.type != "yes_no"]  # a bare «нет» is its own answer
    if open_slot is not None and question.frame.open:
        allowed = [slot for slot in allowed if slot.type != open_slot.type or slot is open_slot]
    taken = [*turn.used_spans, *elsewhere]
    if mark:
        words = interpretation.utterance.words
        taken.append((words[mark[0]].start, words[mark[1] - 1].end))
    changed = _set_changed(turn, interpretation, allowed, taken, marked=mark is not None)
    if changed is not None:
        return changed
    return _by_type(turn, interpretation, allowed, taken, same=same)


def _by_type(
    turn: Turn,
    interpretation: Interpretation,
    slots: Sequence[Slot],
    taken: Sequence[tuple[int, int]],
    *,
    same: bool,
) -> Correction | None:
    """A value for whichever of these slots has its type."""
    found = without_overlaps(interpretation.entities(sorted({slot.type for slot in slots})), taken)
    repeated: Correction | None = None
    for one in found:
        fitting = [slot for slot in slots if slot.type == one.entity]
        alike = [other for other in found if other.entity == one.entity]
        correction = _correction(turn, fitting, alike)
        if correction is not None:
            return correction
        if len(fitting) == 1 and same:
            repeated = Correction(fitting, [turn.scope.stored(fitting[0])], [(one.start, one.end)])
    return repeated


def _caught(turn: Turn, known: Sequence[Slot], captures: dict[str, list[Found]]) -> Correction | None:
    """What a pattern caught for one of these slots; one first that its `check` allows as things stand."""
    named = [slot for slot in known if slot.name in captures and slot.name != slot.type]
    corrections = [
        one for slot in named if (one := _correction(turn, [slot], captures[slot.name])) is not None
    ]
    allowed = (one for one in corrections if passes_check(turn, one.slots[0], one.values[0]))
    return next(allowed, corrections[0] if corrections else None)


def _set_changed(
    turn: Turn,
    interpretation: Interpretation,
    slots: Sequence[Slot],
    taken: Sequence[tuple[int, int]],
    *,
    marked: bool,
) -> Correction | None:
    """A slot of many values to which something is added, or from which something is taken away."""
    for slot in slots:
        if slot.many and slot.type not in BY_NAME:
            values = revised(interpretation, slot, turn.scope.stored(slot), taken, replace=marked)
            if values is not None:
                spans = [(one.start, one.end) for one in interpretation.entities([slot.type])]
                return Correction([slot], [values], spans)
    return None


def named_alone(turn: Turn, interpretation: Interpretation, question: Question) -> Slot | None:
    """The filled slot that an utterance names without a new value: «всё верно, кроме размера», "change the date"."""
    recogniser, utterance = interpretation.program.recogniser, interpretation.utterance
    if not (recogniser.assent(utterance).exception or recogniser.wants_change(utterance)):
        return None
    filled = [slot for slot in slots_of(turn, question.activity) if turn.scope.stored(slot) is not None]
    named = [slot for slot in filled if _is_named(turn, interpretation, slot)]
    return named[0] if len(named) == 1 else None


def _other_choice(
    turn: Turn, interpretation: Interpretation, question: Question, mark: tuple[int, int] | None
) -> Correction | None:
    """With a marker: another of the `choices` of a filled slot, by words of its label after the marker."""
    if mark is None:
        return None
    words = interpretation.utterance.words[mark[1] :]
    for slot in slots_of(turn, question.activity):
        if slot.choices is None or slot.many or slot is question.slot or turn.scope.stored(slot) is None:
            continue
        offered = choices_of(turn, slot)
        named = match_label_words(
            words, [phrase_key(one["label"]).split(" ") for one in offered], several=False
        )
        if named is not None and offered[named[0][0]] != turn.scope.stored(slot):
            return Correction([slot], [offered[named[0][0]]], [(words[0].start, words[-1].end)])
    return None


def _correctable(turn: Turn, slot: Slot, open_slot: Slot | None) -> bool:
    if slot.type in FILES or slot.choices is not None or turn.scope.stored(slot) is None:
        return False
    return slot is not open_slot


def _correction(turn: Turn, slots: list[Slot], found: Sequence[Found]) -> Correction | None:
    found = without_overlaps(found)
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


def _is_named(turn: Turn, interpretation: Interpretation, slot: Slot) -> bool:
    return _name_span(turn, interpretation, slot) is not None


def _name_span(turn: Turn, interpretation: Interpretation, slot: Slot) -> tuple[int, int] | None:
    parts = phrase_key(slot_title(turn, slot)).split(" ")
    words = [word.text for word in interpretation.utterance.words]
    for first in range(len(words) - len(parts) + 1):
        if all(_inflected(words[first + i], part) for i, part in enumerate(parts)):
            return first, first + len(parts)
    return None


def _inflected(said: str, title: str) -> bool:
    """«сумму» for «сумма», «адреса» for «адрес»: the same beginning, endings of at most two letters."""
    if said == title:
        return True
    stem = title[:-1] if len(title) > 3 else title
    return said.startswith(stem) and len(said) <= len(title) + 2


def _values_after_name(
    turn: Turn, interpretation: Interpretation, slot: Slot, elsewhere: Sequence[tuple[int, int]]
) -> list[Found]:
    """`elsewhere`: what patterns caught for slots by name."""
    span = _name_span(turn, interpretation, slot)
    assert span is not None
    words = interpretation.utterance.words
    if slot.type == "text":
        if span[1] >= len(words):
            return []
        start = words[span[1]].start
        raw = interpretation.utterance.raw
        return [Found("text", raw[start:].strip(), start, len(raw), span[1], len(words))]
    name = (words[span[0]].start, words[span[1] - 1].end)
    return without_overlaps(interpretation.entities([slot.type]), [name, *elsewhere])


def only_value_follows(interpretation: Interpretation, mark: tuple[int, int], correction: Correction) -> bool:
    """For a `text` question: the marker comes first, and after it nothing but prepositions and the value."""
    if mark[0] != 0:
        return False
    for word in interpretation.utterance.words[mark[1] :]:
        inside = any(start <= word.start < end for start, end in correction.spans)
        if not inside and word.text not in _LEADING:
            return False
    return True


def apply_correction(turn: Turn, activity: Activity, correction: Correction) -> None:
    """Change the slot, or ask what is meant."""
    if len(correction.slots) > 1 and len(correction.values) == 1:
        use_spans(turn, correction.slots[0], correction.spans)
        turn.session.pending = Pending(
            kind="which",
            value=correction.values[0],
            activity=activity.id,
            options=[slot.name for slot in correction.slots],
        )
        turn.repeat_question = True
        return
    slot = correction.slots[0]
    use_spans(turn, slot, correction.spans)
    if len(correction.values) > 1:
        turn.session.pending = Pending(
            kind="value", slot=slot.name, activity=activity.id, options=list(correction.values)
        )
        turn.repeat_question = True
        return
    revise_slot(turn, activity, slot, correction.values[0])
