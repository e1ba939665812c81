"""All patterns of a robot, matched together.

Each pattern is filed under the rarest thing it cannot match without (a word, or an entity's value). An utterance
looks up its own words and values; only the patterns filed under them are tried. So the cost of an utterance grows
with what it says, not with the number of patterns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ses.scenario.findings.fault import Fault
from ses.scenario.program.recognition import Found, PatternMatch, Utterance
from ses.scenario.recognising.automaton import Automaton, caught
from ses.scenario.recognising.pattern_syntax import (
    AnyOrder,
    Capture,
    Choice,
    Node,
    Pattern,
    Star,
    Term,
    captures_of,
)
from ses.scenario.recognising.pattern_syntax import Sequence as InOrder
from ses.scenario.recognising.vocabulary import Atoms

Need = frozenset[int | str]
"""One of these must be in the utterance: atoms, or names of captures."""


def needs(node: Node, atom: Callable[[Term], int], is_text: Callable[[str], bool]) -> list[Need]:
    """What an utterance must hold for `node` to match: one of each."""
    if isinstance(node, Term):
        return [frozenset((atom(node),))]
    if isinstance(node, Capture):
        return [] if is_text(node.name) else [frozenset((node.name,))]
    if isinstance(node, Star):
        return []
    if isinstance(node, Choice):
        options = [needs(option, atom, is_text) for option in node.options]
        if not all(options):
            return []
        return [frozenset[int | str]().union(*(min(option, key=len) for option in options))]
    parts = node.items if isinstance(node, InOrder) else node.parts
    return [need for part in parts for need in needs(part, atom, is_text)]


class NeedIndex:
    """Files things under the rarest of their needs."""

    def __init__(self, needs_of: Sequence[list[Need]]) -> None:
        self.needs_of = [tuple(dict.fromkeys(needs)) for needs in needs_of]
        uses: Counter[int | str] = Counter(key for needs in needs_of for need in set(needs) for key in need)
        self._filed: dict[int | str, tuple[int, ...]] = {}
        filed: dict[int | str, list[int]] = {}
        self._always: list[int] = []
        for index, needs in enumerate(self.needs_of):
            if not needs:
                self._always.append(index)
                continue
            for key in min(needs, key=lambda need: sum(uses[key] for key in need)):
                filed.setdefault(key, []).append(index)
        self._filed = {key: tuple(indices) for key, indices in filed.items()}

    def candidates(self, present: Iterable[int | str]) -> list[int]:
        """The things whose every need is among `present`, in their order."""
        here = present if isinstance(present, (set, frozenset)) else set(present)
        filed = self._filed
        chosen = list(self._always)
        for key in filed.keys() & here:
            for index in filed[key]:
                for need in self.needs_of[index]:
                    if need.isdisjoint(here):
                        break
                else:
                    chosen.append(index)
        return sorted(set(chosen)) if len(chosen) > 1 else chosen


@dataclass(frozen=True, slots=True)
class Compiled:
    """A pattern ready to match."""

    pattern: Pattern
    automaton: Automaton
    needs: list[Need]


def compile_pattern(
    pattern: Pattern, atom: Callable[[Term], int], is_text: Callable[[str], bool]
) -> Compiled:
    """Raises `Fault` when the pattern is too large."""
    return Compiled(pattern, Automaton(pattern, atom, is_text), needs(pattern.root, atom, is_text))


class PatternSet:
    """The patterns of a robot; `match` names them by their indexes in the given sequence."""

    def __init__(self, compiled: Sequence[Compiled]) -> None:
        self._automata = [one.automaton for one in compiled]
        self._captures = [one.pattern.captures for one in compiled]
        self._index = NeedIndex([one.needs for one in compiled])

    def match(
        self,
        utterance: Utterance,
        words: Sequence[Atoms],
        present: set[int | str],
        found: Mapping[str, Sequence[Found]],
    ) -> list[PatternMatch]:
        """Every pattern that covers the utterance, by its way that matches the most words."""
        total = len(words)
        matches = []
        for index in self._index.candidates(present):
            for _, matched, chain in self._automata[index].match(words, 0, found):
                captures = caught(chain, utterance) if chain else {}
                matches.append(PatternMatch(index, matched, total, captures))
        return matches


def unmatchable(pattern: Pattern, known: Callable[[str], bool]) -> Fault | None:
    """Why the pattern can never match, or none. `known(name)` says whether a capture's name exists.

    The grammar refuses the rest: what remains are captures of nothing.
    """
    for capture in captures_of(pattern.root):
        if not known(capture.name):
            return Fault(
                f"'@{capture.name}' is neither a slot nor an entity: the pattern can never match",
                capture.offset,
                "declare it under slots: or entities:",
            )
    return None


def normal_form(pattern: Pattern, lemmas: Callable[[str], tuple[str, ...]]) -> str:
    """Equal for patterns that match the same utterances word for word (not for all that could be proved so)."""

    def write(node: Node) -> str:
        if isinstance(node, Term):
            word = "/".join(lemmas(node.text)) if node.kind == "form" else node.text
            return {"form": word, "exact": f"={word}", "prefix": f"{word}*"}[node.kind]
        if isinstance(node, Star):
            return "*"
        if isinstance(node, Capture):
            return f"@{node.name}"
        if isinstance(node, Choice):
            return "(" + "|".join(sorted({write(option) for option in node.options})) + ")"
        if isinstance(node, AnyOrder):
            return ("{*" if node.apart else "{") + " ".join(sorted(write(part) for part in node.parts)) + "}"
        written: list[str] = []
        for item in node.items:
            text = write(item)
            if text and not (text == "*" and written and written[-1] == "*"):
                written.append(text)
        return " ".join(written)

    return write(pattern.root)
