"""The robot's words as numbers.

Every distinct thing that a pattern, a form of an entity or an example can ask of a word (a form of «пицца», exactly
«пиццу», begins with «мал») is an *atom*, a small integer. A word of an utterance is looked up once and becomes the set
of its atoms; from there on everything compares integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ses.scenario.recognising.pattern_syntax import Term
from ses.scenario.words.lexicon import Lexicon

Atoms = frozenset[int]

NOTHING: Atoms = frozenset()
_CACHED = 20_000
"""Words remembered that only prefixes made known."""


class Vocabulary:
    """Atoms of terms, and of the words of utterances. Grows while a robot is compiled, then only caches."""

    def __init__(self, lexicon: Lexicon, languages: Sequence[str]) -> None:
        self._lexicon = lexicon
        self._languages = tuple(languages)
        self._atoms: dict[object, int] = {}
        self._of_text: dict[str, Atoms] = {}
        self._prefixes: dict[str, int] = {}
        self._lengths: tuple[int, ...] = ()
        self._seen: dict[str, Atoms] = {}
        self._lemmas: dict[str, tuple[str, ...]] = {}

    def learn(self, words: Iterable[str]) -> None:
        """Look up the forms of these folded words (one call for many: the dictionary may be a child process)."""
        unknown = {word for word in words if word not in self._lemmas}
        if not unknown:
            return
        added: dict[str, set[int]] = {}
        for word, (lemmas, forms) in self._lexicon(sorted(unknown), self._languages).items():
            self._lemmas[word] = lemmas
            atom = self._number(("form", lemmas))
            for form in forms:
                added.setdefault(form, set()).add(atom)
            added.setdefault(word, set()).add(atom)
        self._add(added)

    def lemmas(self, word: str) -> tuple[str, ...]:
        """Of a learnt word; of any other the word itself."""
        return self._lemmas.get(word, (word,))

    def atom(self, term: Term) -> int:
        """The atom of a term; its word must have been learnt if the term means any form."""
        if term.kind == "form":
            return self.form_atom(term.text)
        atom = self._number((term.kind, term.text))
        if term.kind == "exact":
            self._add({term.text: {atom}})
        elif term.text not in self._prefixes:
            self._prefixes[term.text] = atom
            self._lengths = tuple(sorted({len(prefix) for prefix in self._prefixes}))
            self._seen.clear()
        return atom

    def form_atom(self, word: str) -> int:
        """The atom of any form of a learnt word."""
        return self._number(("form", self._lemmas[word]))

    def atoms_of(self, text: str) -> Atoms:
        """What a folded word of an utterance is."""
        if not self._lengths:
            return self._of_text.get(text, NOTHING)
        atoms = self._seen.get(text)
        if atoms is None:
            atoms = self._of_text.get(text, NOTHING)
            begun = {
                self._prefixes[text[:length]] for length in self._lengths if text[:length] in self._prefixes
            }
            if begun:
                atoms |= begun
            if len(self._seen) >= _CACHED:
                self._seen.clear()
            self._seen[text] = atoms
        return atoms

    def forms_of(self, atoms: Iterable[int]) -> Iterator[str]:
        """Every known form with one of these atoms (slow: for indices made on demand)."""
        wanted = frozenset(atoms)
        for text, known in self._of_text.items():
            if not wanted.isdisjoint(known):
                yield text

    def _number(self, key: object) -> int:
        return self._atoms.setdefault(key, len(self._atoms))

    def _add(self, added: dict[str, set[int]]) -> None:
        shared: dict[Atoms, Atoms] = {}
        for text, atoms in added.items():
            union = self._of_text.get(text, NOTHING) | atoms
            self._of_text[text] = shared.setdefault(union, union)
        self._seen.clear()
