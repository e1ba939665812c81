"""Slots of many values: a set under change. «и ещё оливки» adds, «без сыра» takes away, «только грибы» replaces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ses.dialogue.understanding.utterance import Interpretation, distinct, without_overlaps
from ses.scenario.program.definitions import Slot


def toggled(current: Any, value: Any) -> list[Any]:
    """The set after a press of a value's button: it goes if it is there, else it is added."""
    chosen = list(current or ())
    return [one for one in chosen if one != value] if value in chosen else [*chosen, value]


def revised(
    interpretation: Interpretation,
    slot: Slot,
    current: Iterable[Any],
    taken: Iterable[tuple[int, int]],
    *,
    replace: bool,
) -> list[Any] | None:
    """The set as an utterance changes it; none when it says nothing of it or changes nothing. `replace`: a correction was marked
    («нет, грибы»), so bare values stand instead of what was chosen."""
    current = list(current)
    wanted = distinct(one.value for one in without_overlaps(interpretation.entities([slot.type]), taken))
    unwanted = [one.value for one in interpretation.negated(slot.type)]
    if not wanted and not unwanted:
        return None
    how = interpretation.program.recogniser.set_change(interpretation.utterance)
    if wanted and (how == "only" or (replace and how != "add" and not unwanted)):
        result = wanted
    else:
        kept = [value for value in current if value not in unwanted]
        result = [*kept, *(value for value in wanted if value not in kept)]
    return None if result == current else result
