"""Intents by examples: how much of what a person said stands in an example, and the other way round.

    2·w(common) / (w(utterance) + w(example))        w = inverse frequency of a lemma among the robot's examples

A word of which one example in many speaks weighs 1, a word in every example almost nothing. A word outside all
examples weighs 1; a word with one typo counts 0.8 of the word meant.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ses.scenario.program.recognition import Word
from ses.scenario.recognising.typos import TypoIndex
from ses.scenario.recognising.vocabulary import Atoms, Vocabulary
from ses.scenario.words.tokeniser import split

TYPO = 0.8
SHORTEST = 4
"""Letters of a word in which a typo is forgiven."""
LEAST = 0.4
"""Scores below this are not looked for: no robot's threshold is so low."""
NEAR = 0.2
"""Scores this much below the best are not looked for: no robot's margin is so wide."""
POSTINGS = 50
"""Examples opened by one word at most, the shortest first: what bounds the cost of an utterance of common words."""


class _Example(NamedTuple):
    intent: str
    atoms: Atoms
    weight: float


class ExampleSet:
    """The examples of all intents."""

    def __init__(self, examples: Mapping[str, Sequence[str]], vocabulary: Vocabulary) -> None:
        """The examples' words must have been learnt by `vocabulary`."""
        read = [
            (intent, [_primary(word, vocabulary) for word in split(text)])
            for intent, texts in examples.items()
            for text in texts
        ]
        self._vocabulary = vocabulary
        count = len(read)
        frequency = Counter(atom for _, atoms in read for atom in set(atoms))
        self._weights = {atom: _inverse(uses, count) for atom, uses in frequency.items()}
        self._examples = [
            _Example(intent, frozenset(atoms), sum(self._weights[atom] for atom in set(atoms)))
            for intent, atoms in read
            if atoms
        ]
        self._postings: dict[int, tuple[int, ...]] = self._file()
        self._typos = TypoIndex(
            vocabulary.forms_of(self._weights), SHORTEST
        )  # at load: 30 ms for 5,000 examples

    def __bool__(self) -> bool:
        return bool(self._examples)

    def best(self, words: Sequence[Word], atoms: Sequence[Atoms]) -> dict[str, float]:
        """The best score of each intent near enough to the best of all to matter.

        The rarest words of the utterance open the examples that hold them. What has only the other, commoner words
        in common cannot score more than `2·rest / (w(utterance) + rest)`; once that is too little, it is left shut.
        """
        said = self._weigh(words, atoms)
        mass = sum(weight for weight, _, _ in said)
        known = sorted((one for one in said if one[1]), key=lambda one: -one[0])
        rest = sum(weight * factor for weight, _, factor in known)
        least = LEAST
        seen: set[int] = set()
        scores: dict[str, float] = {}
        for weight, own, factor in known:
            if 2 * rest < least * (mass + rest):
                break
            rest -= weight * factor
            for atom in own:
                for index in self._postings[atom]:
                    if index not in seen:
                        seen.add(index)
                        intent, theirs, heavy = self._examples[index]
                        score = 2 * _common(known, theirs) / (mass + heavy)
                        if score >= least and score > scores.get(intent, 0.0):
                            scores[intent] = min(score, 1.0)
                            least = max(least, score - NEAR)
        return scores

    def _weigh(self, words: Sequence[Word], atoms: Sequence[Atoms]) -> list[tuple[float, Atoms, float]]:
        """Of each different word: weight, the examples' atoms it is, and the factor of a typo."""
        weights = self._weights
        said: dict[object, tuple[float, Atoms, float]] = {}
        for word, own in zip(words, atoms, strict=True):
            known = frozenset(atom for atom in own if atom in weights)
            factor = 1.0
            if not known and len(word.text) >= SHORTEST:
                known, factor = self._corrected(word.text), TYPO
            if known:
                said[known] = (max(weights[atom] for atom in known), known, factor)
            else:
                said[word.text] = (1.0, frozenset(), 1.0)
        return list(said.values())

    def _corrected(self, text: str) -> Atoms:
        return frozenset(
            atom
            for word in self._typos.corrections(text)
            for atom in self._vocabulary.atoms_of(word)
            if atom in self._weights
        )

    def _file(self) -> dict[int, tuple[int, ...]]:
        filed: dict[int, list[int]] = {}
        for index, example in enumerate(self._examples):
            for atom in example.atoms:
                filed.setdefault(atom, []).append(index)
        lightest_first = {
            atom: sorted(indices, key=lambda index: self._examples[index].weight)[:POSTINGS]
            for atom, indices in filed.items()
        }
        return {atom: tuple(indices) for atom, indices in lightest_first.items()}


def _common(known: Sequence[tuple[float, Atoms, float]], theirs: Atoms) -> float:
    common = 0.0
    for weight, own, factor in known:
        if not own.isdisjoint(theirs):
            common += weight * factor
    return common


def words_of(examples: Mapping[str, Sequence[str]]) -> Iterable[str]:
    """The folded words of all examples."""
    return (word.text for texts in examples.values() for text in texts for word in split(text))


def _primary(word: Word, vocabulary: Vocabulary) -> int:
    return vocabulary.form_atom(word.text)


def _inverse(uses: int, count: int) -> float:
    """1 for a lemma of one example, near 0 for one of them all."""
    return math.log(1 + count / uses) / math.log(1 + count)
