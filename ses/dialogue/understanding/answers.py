"""Recognising the reply to the open question, and scoring how well it fits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ses.dialogue.output.questions import Question, is_skip, item_label
from ses.dialogue.state.session import Offer
from ses.dialogue.understanding.utterance import FILES, Interpretation, distinct, overlaps, without_overlaps
from ses.scenario.program.definitions import Slot
from ses.scenario.program.operations import Confirm, Menu
from ses.scenario.program.recognition import Found, Word
from ses.scenario.recognising.numbered import numbered_choice
from ses.scenario.words.tokeniser import phrase_key

_CLOCK = re.compile(r"\d{1,2}:\d\d")
_FUNCTION_WORDS = frozenset(
    "и не ни как на в во с со к ко о об а но или что это за из по до у от для же бы ли то"
    " the a an of for to in on at and or is it not no with from by be".split()
)
"""They belong to many labels, and choose none."""
TEXT, GREEDY, LEAST = 600, 900, 600
"""Thousandths: a `text` slot, one with `greedy`, and the least an answer with a value gets."""


class Reply(NamedTuple):
    """What was found for the open question. `values` has one entry, or several that the person must choose from."""

    kind: str
    """`slot`, `skip`, `yes`, `no`, `item`; `unsure`: neither yes nor no; `not_that`: only what is not wanted, in `values`."""
    values: list[Any]
    score: int
    """Whole thousandths."""
    spans: list[tuple[int, int]] = []
    """What it used of the raw text."""


async def recognise_reply(
    interpretation: Interpretation, question: Question, captures: Mapping[str, Sequence[Found]]
) -> Reply | None:
    """None when the utterance is no reply to the open question. `captures` are what patterns of its flow caught, by slot."""
    if question.slot is not None:
        return await _slot_reply(interpretation, question, question.slot, captures)
    if isinstance(question.op, Confirm):
        return _confirm_reply(interpretation, question)
    if isinstance(question.op, Menu):
        return _menu_reply(interpretation, question, question.op)
    return None


async def _slot_reply(
    interpretation: Interpretation, question: Question, slot: Slot, captures: Mapping[str, Sequence[Found]]
) -> Reply | None:
    raw = interpretation.utterance.raw
    caught = captures.get(slot.name, ())
    if slot.type == "text":
        if slot.optional and _plain_no(interpretation):
            return Reply("skip", [], 1000)
        if caught:
            return _entities_reply(interpretation, slot, caught)
        text = raw.strip()
        if not text:
            return None
        return Reply("slot", [text], GREEDY if slot.greedy else TEXT, [(0, len(raw))])
    reply: Reply | None
    if slot.choices is not None:
        reply = _choice_reply(interpretation, question, slot)
    elif slot.type in FILES:
        reply = None
    elif slot.type == "yes_no":
        reply = _yes_no_reply(interpretation)
    else:
        elsewhere = [(one.start, one.end) for name in captures if name != slot.name for one in captures[name]]
        said = await interpretation.answer_entities(slot.type)
        others = [one for one in said if one not in caught and not overlaps((one.start, one.end), elsewhere)]
        found = [*caught, *others]
        reply = (
            _entities_reply(interpretation, slot, found)
            if found
            else _ordinal_reply(interpretation, question, slot)
        )
        if reply is None and (against := interpretation.negated(slot.type)):
            reply = Reply("not_that", distinct(one.value for one in against), 1000)
    if reply is None and slot.optional and slot.type != "yes_no" and _plain_no(interpretation):
        return Reply("skip", [], 1000)
    return reply


def _entities_reply(interpretation: Interpretation, slot: Slot, found: Iterable[Found]) -> Reply:
    chosen = without_overlaps(found)
    values = distinct(one.value for one in chosen)
    words = sum((one.last - one.first) * one.weight for one in chosen)
    spans = [(one.start, one.end) for one in chosen]
    return Reply(
        "slot", [values] if slot.many else values, coverage_score(words, interpretation.word_count), spans
    )


def coverage_score(matched: float, total: int) -> int:
    """0.5 + 0.5·k/n in whole thousandths, at least 0.6."""
    return max(LEAST, round(500 + 500 * min(matched, total) / total))


def _choice_reply(interpretation: Interpretation, question: Question, slot: Slot) -> Reply | None:
    choices = question.frame.choices
    labels = [one["label"] for one in choices]
    picked = match_label(interpretation, labels, several=slot.many)
    if not picked:
        return None
    indices, words = picked
    values = [choices[index] for index in indices]
    return Reply(
        "slot",
        [values] if slot.many else values,
        coverage_score(words, interpretation.word_count),
        _whole_utterance(interpretation),
    )


def _ordinal_reply(interpretation: Interpretation, question: Question, slot: Slot) -> Reply | None:
    """One of the buttons of a question for a list value, chosen by its number («вторую»)."""
    if not interpretation.program.recogniser.values(slot.type):
        return None
    number = question.frame.question
    offered = (one for one in reversed(interpretation.turn.session.button_sets) if one.kind == "slot")
    shown = next((one for one in offered if (one.question, one.slot) == (number, slot.name)), None)
    offers = [one for one in shown.offers if not is_skip(one.value)] if shown is not None else []
    placed = numbered_choice(interpretation.utterance, len(offers))
    if placed is None or (len(placed.indices) > 1 and not slot.many):
        return None
    values = distinct(
        value for index in placed.indices for value in _offer_values(interpretation, slot, offers[index])
    )
    if len(values) < len(placed.indices):
        return None
    return Reply(
        "slot",
        [values] if slot.many else values,
        coverage_score(placed.words, interpretation.word_count),
        _whole_utterance(interpretation),
    )


def _offer_values(interpretation: Interpretation, slot: Slot, offer: Offer) -> list[Any]:
    """What a button means as a value of the slot; nothing if it starts a flow."""
    if offer.value is not None:
        return [offer.value]
    said = Interpretation(interpretation.turn, offer.label, interpretation.program)
    return distinct(one.value for one in said.entities([slot.type])) if not offer.flow else []


def _yes_no_reply(interpretation: Interpretation) -> Reply | None:
    """An answer to a slot of type `yes_no`."""
    assent = interpretation.program.recogniser.assent(interpretation.utterance)
    if assent.answer is None:
        return None
    if assent.answer == "unsure":
        return Reply("unsure", [], 1000)
    return Reply("slot", [assent.answer == "yes"], 1000, _whole_utterance(interpretation))


def _confirm_reply(interpretation: Interpretation, question: Question) -> Reply | None:
    agreeing = _agreeing_words(interpretation, question)
    assent = interpretation.program.recogniser.assent(interpretation.utterance, agreeing)
    if assent.answer is None:
        return None
    return Reply(assent.answer, [assent.negated], 1000, _whole_utterance(interpretation))


def _agreeing_words(interpretation: Interpretation, question: Question) -> frozenset[int]:
    """Words of values that agree with what stands: «да, большую», when it is a large one."""
    stored = interpretation.turn.scope.stored
    filled = [slot for slot in question.program.slots.values() if slot.type and stored(slot) is not None]
    types = sorted({slot.type for slot in filled} - {"text", "yes_no"} - FILES)
    words: set[int] = set()
    for one in interpretation.entities(types):
        stands = (stored(slot) for slot in filled if slot.type == one.entity)
        if any(one.value == value or (isinstance(value, list) and one.value in value) for value in stands):
            words.update(range(one.first, one.last))
    return frozenset(words)


def _menu_reply(interpretation: Interpretation, question: Question, op: Menu) -> Reply | None:
    scope = interpretation.turn.scope
    open_items = [
        index
        for index, item in enumerate(op.items)
        if item.condition is None or item.condition.evaluate(scope)
    ]
    best: Reply | None = None
    matches = (
        {match.pattern: match for match in interpretation.patterns}
        if any(i.patterns for i in op.items)
        else {}
    )
    for index in open_items:
        for pattern in op.items[index].patterns:
            match = matches.get(pattern)
            if match is not None:
                score = coverage_score(match.matched, max(match.total, 1))
                if best is None or score > best.score:
                    best = Reply("item", [index], score, _whole_utterance(interpretation))
    picked = match_label(
        interpretation, [item_label(interpretation.turn, op.items[index]) for index in open_items]
    )
    if picked is not None:
        indices, words = picked
        score = coverage_score(words, interpretation.word_count)
        if best is None or score > best.score:
            best = Reply("item", [open_items[indices[0]]], score, _whole_utterance(interpretation))
    return best


def _whole_utterance(interpretation: Interpretation) -> list[tuple[int, int]]:
    return [(0, len(interpretation.utterance.raw))]


def _plain_no(interpretation: Interpretation) -> bool:
    return interpretation.program.recogniser.assent(interpretation.utterance).answer == "no"


# --- choosing one of several labels ---


def match_label(
    interpretation: Interpretation, labels: Sequence[str], *, several: bool = False
) -> tuple[list[int], float] | None:
    """The labels an utterance names, and how many of its words did: the whole label, words that belong to one label
    only, its number or its ordinal. None when it names no label, or two where one is asked."""
    words = interpretation.utterance.words
    if not words or not labels:
        return None
    whole = " ".join(word.text for word in words)
    keys = [phrase_key(label) for label in labels]
    if whole in keys:
        return [keys.index(whole)], len(words)
    parts = [key.split(" ") for key in keys]
    if len(words) == 1 and words[0].text.isdecimal() and len(words[0].text) < 4:
        owners = [index for index, label in enumerate(parts) if words[0].text in label]
        number = int(words[0].text)
        if len(owners) == 1:
            return owners, 1.0
        return ([number - 1], 1.0) if 0 < number <= len(labels) else None
    masked = interpretation.program.recogniser.masked(interpretation.utterance)
    said = [
        word for index, word in enumerate(words) if index not in masked and word.text not in _FUNCTION_WORDS
    ]
    if not said:
        return None
    named = match_label_words(said, parts, several=several) or _clock_label(interpretation, labels)
    placed = numbered_choice(interpretation.utterance, len(labels))
    if (
        placed is not None
        and (several or len(placed.indices) == 1)
        and (named is None or named[1] < placed.words)
    ):
        return placed.indices, placed.words
    if named is not None:
        return named
    numbers = [
        one.value for one in interpretation.entities(["integer"]) if one.first == 0 and one.last == len(words)
    ]
    if numbers and isinstance(numbers[0], int) and 0 < numbers[0] <= len(labels):
        return [numbers[0] - 1], len(words)
    return None


def _clock_label(interpretation: Interpretation, labels: Sequence[str]) -> tuple[list[int], float] | None:
    """The label that is a time of day, said otherwise: «в десять» for 10:00."""
    clocks = {
        f"{label.strip():0>5}": index for index, label in enumerate(labels) if _CLOCK.fullmatch(label.strip())
    }
    if not clocks:
        return None
    found = [one for one in interpretation.entities(["time"]) if one.value in clocks]
    if len({one.value for one in found}) != 1:
        return None
    return [clocks[found[0].value]], float(interpretation.word_count)


def match_label_words(
    words: Sequence[Word], labels: list[list[str]], *, several: bool
) -> tuple[list[int], float] | None:
    """The labels named by words that belong to one of them only, and by how many words."""
    named: dict[int, int] = {}
    for word in words:
        owners = [
            index for index, label in enumerate(labels) if any(_same_word(word.text, part) for part in label)
        ]
        if len(owners) == 1:
            named[owners[0]] = named.get(owners[0], 0) + 1
    if not named or (len(named) > 1 and not several):
        return None
    return sorted(named), sum(named.values())


def _same_word(said: str, label: str) -> bool:
    """The same word, or forms of one: two thirds of the letters in common at the beginning, and short endings."""
    if said == label:
        return True
    common = 0
    for one, other in zip(said, label, strict=False):
        if one != other:
            break
        common += 1
    longer = max(len(said), len(label))
    return common >= 3 and common * 3 >= longer * 2 and longer - common <= 3
