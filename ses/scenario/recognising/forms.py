"""Values of list entities: every form is a pattern that may stand anywhere in an utterance."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from ses.scenario.program.recognition import Found, Utterance
from ses.scenario.recognising.automaton import Automaton
from ses.scenario.recognising.pattern_syntax import Pattern, terms_of
from ses.scenario.recognising.patterns import NeedIndex, compile_pattern
from ses.scenario.recognising.typos import TypoIndex
from ses.scenario.recognising.vocabulary import Atoms, Vocabulary

TYPO = 0.8
SHORTEST = 5
"""Letters of a form's word in which a typo is forgiven."""


class Form(NamedTuple):
    """One form of one value."""

    entity: str
    key: str
    pattern: Pattern


class FormSet:
    """The forms of all list entities of a robot, found together."""

    def __init__(self, forms: Sequence[Form], vocabulary: Vocabulary) -> None:
        """The forms' words must have been learnt. Raises `Fault` for a form that captures or is too large."""
        self._forms = forms
        self._vocabulary = vocabulary
        compiled = [compile_pattern(form.pattern, vocabulary.atom, _no_text) for form in forms]
        self._automata = [one.automaton for one in compiled]
        self._index = NeedIndex([one.needs for one in compiled])
        self._begin = [_beginning(automaton) for automaton in self._automata]
        self._typos: dict[str, TypoIndex] = {}

    def find(self, utterance: Utterance, words: Sequence[Atoms], names: Collection[str]) -> list[Found]:
        """Every value of these entities; of one key only spans that lie in no other."""
        present: set[int | str] = set()
        present.update(*words)
        best: dict[tuple[str, str, int], int] = {}
        for index in self._index.candidates(present):
            form = self._forms[index]
            if form.entity not in names:
                continue
            begin = self._begin[index]
            for first, atoms in enumerate(words):
                if begin is not None and begin.isdisjoint(atoms):
                    continue
                for last, _, _ in self._automata[index].match(words, first, {}, anywhere=True):
                    if last > best.get((form.entity, form.key, first), first):
                        best[form.entity, form.key, first] = last
        found = [
            Found(entity, key, utterance.words[first].start, utterance.words[last - 1].end, first, last)
            for (entity, key, first), last in best.items()
        ]
        return found if len(found) < 2 else _without_nested(found)

    def forgive(self, utterance: Utterance, words: Sequence[Atoms], entity: str) -> list[Found]:
        """Values found when words with one typo are read as words of the entity's forms."""
        index = self._typos.get(entity)
        if index is None:
            index = self._typos[entity] = self._index_typos(entity)
        corrected: dict[int, Atoms] = {}
        for at, word in enumerate(utterance.words):
            meant = index.corrections(word.text)
            if meant:
                corrected[at] = words[at].union(*(self._vocabulary.atoms_of(text) for text in meant))
        if not corrected:
            return []
        mended = [corrected.get(at, atoms) for at, atoms in enumerate(words)]
        return [
            found._replace(weight=TYPO)
            for found in self.find(utterance, mended, (entity,))
            if any(found.first <= at < found.last for at in corrected)
        ]

    def _index_typos(self, entity: str) -> TypoIndex:
        atoms = {
            self._vocabulary.atom(term)
            for form in self._forms
            if form.entity == entity
            for term in terms_of(form.pattern.root)
            if term.kind != "prefix"
        }
        return TypoIndex(self._vocabulary.forms_of(atoms), SHORTEST)


def _no_text(name: str) -> bool:
    return False


def _beginning(automaton: Automaton) -> Atoms | None:
    """The atoms one of which the first word must have, none when any word may be first."""
    wanted: set[int] = set()
    for state in automaton.first:
        wants = automaton.wants[state] if state >= 0 else frozenset()
        if not wants or isinstance(wants, str):
            return None
        wanted |= wants
    return frozenset(wanted)


def _without_nested(found: list[Found]) -> list[Found]:
    by_value: dict[tuple[str, object], list[Found]] = {}
    for one in found:
        by_value.setdefault((one.entity, one.value), []).append(one)
    return [
        one
        for one in found
        if not any(
            other.first <= one.first and one.last <= other.last and other is not one
            for other in by_value[one.entity, one.value]
        )
    ]
