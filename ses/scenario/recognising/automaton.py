"""A pattern as an automaton over the words of an utterance.

States consume something: a word with one of some atoms, any word (`*`), a value that `@name` found, or a word into a
text slot. Matching moves all states along the utterance together and keeps, for each, the way that matched the most
words: time grows with words times states, however `*` and brackets are nested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ses.scenario.findings.fault import Fault
from ses.scenario.program.recognition import Found, Utterance
from ses.scenario.recognising.pattern_syntax import AnyOrder, Capture, Choice, Node, Pattern, Star, Term
from ses.scenario.recognising.pattern_syntax import Sequence as InOrder
from ses.scenario.recognising.vocabulary import Atoms

MAX_STATES = 2_000
"""Of one pattern: `{}` within `{}` multiply."""

WORD, STAR, VALUE, TEXT = range(4)
END: Final = -1


class Captured(NamedTuple):
    """A link of the chain of what a way through the automaton caught."""

    name: str
    found: Found | int
    """A value, or the index of one word of a text."""
    before: Captured | None


Captures = Captured | None
Way = tuple[int, Captures]
"""Words matched so far, and what was caught."""
Ways = dict[int, Way]
"""The best way to each state."""


class Automaton:
    """`kinds[s]`, `wants[s]` (atoms, or a name) and `after[s]` (states that may follow, `END` among them)."""

    __slots__ = ("after", "first", "kinds", "wants")

    def __init__(
        self,
        pattern: Pattern,
        atom: Callable[[Term], int],
        is_text: Callable[[str], bool],
    ) -> None:
        self.kinds: list[int] = []
        self.wants: list[Atoms | str] = []
        self.after: list[tuple[int, ...]] = []
        builder = _Builder(self, pattern, atom, is_text)
        self.first = builder.build(pattern.root, (END,))

    def match(
        self,
        words: Sequence[Atoms],
        begin: int,
        found: Mapping[str, Sequence[Found]],
        *,
        anywhere: bool = False,
    ) -> Iterator[tuple[int, int, Captures]]:
        """Ways from word `begin` to the end: `(end, words matched, captures)`, the best for each end.

        Without `anywhere` only the way that covers all the words is given.
        """
        count = len(words)
        ahead: dict[int, Ways] = {}
        now: Ways = dict.fromkeys(self.first, (0, None))
        for at in range(begin, count):
            if anywhere and END in now:
                yield at, *now[END]
            now = self._step(now, words[at], at, found, ahead)
            if not now and not ahead:
                return
        if END in now:
            yield count, *now[END]

    def _step(
        self, now: Ways, atoms: Atoms, at: int, found: Mapping[str, Sequence[Found]], ahead: dict[int, Ways]
    ) -> Ways:
        """The ways after word `at`; those that a value takes further are put `ahead`."""
        kinds, wants, after = self.kinds, self.wants, self.after
        then = ahead.pop(at + 1, {})
        for state, way in now.items():
            if state == END:
                continue
            kind = kinds[state]
            if kind == STAR:
                taken = way
            elif kind == WORD:
                if atoms.isdisjoint(wants[state]):
                    continue
                taken = (way[0] + 1, way[1])
            elif kind == VALUE:
                self._leap(state, way, at, found, then, ahead)
                continue
            else:
                taken = (way[0] + 1, Captured(wants[state], at, way[1]))  # type: ignore[arg-type]
            for follower in after[state]:
                other = then.get(follower)
                if other is None or other[0] < taken[0]:
                    then[follower] = taken
        return then

    def _leap(
        self,
        state: int,
        way: Way,
        at: int,
        found: Mapping[str, Sequence[Found]],
        then: Ways,
        ahead: dict[int, Ways],
    ) -> None:
        """Take every value of `@name` that begins at this word, over all of its words."""
        name: str = self.wants[state]  # type: ignore[assignment]
        for value in found.get(name, ()):
            if value.first == at and value.last > at:
                reached = then if value.last == at + 1 else ahead.setdefault(value.last, {})
                taken = (way[0] + value.last - at, Captured(name, value, way[1]))
                for follower in self.after[state]:
                    other = reached.get(follower)
                    if other is None or other[0] < taken[0]:
                        reached[follower] = taken


def check_ways(pattern: Pattern) -> None:
    """Raises `Fault` for a pattern that has more states than an automaton may have. The atoms of its words do not matter."""
    Automaton(pattern, lambda term: 0, lambda name: False)


def caught(chain: Captures, utterance: Utterance) -> dict[str, tuple[Found, ...]]:
    """A chain of captures by name, in the order of the utterance; adjacent words of a text are one value."""
    by_name: dict[str, list[Found]] = {}
    link = chain
    while link is not None:
        values = by_name.setdefault(link.name, [])
        if isinstance(link.found, Found):
            values.append(link.found)
        elif values and values[-1].entity == "text" and values[-1].first == link.found + 1:
            values[-1] = _text(utterance, link.found, values[-1].last)
        else:
            values.append(_text(utterance, link.found, link.found + 1))
        link = link.before
    return {name: tuple(reversed(values)) for name, values in by_name.items()}


def _text(utterance: Utterance, first: int, last: int) -> Found:
    start, end = utterance.words[first].start, utterance.words[last - 1].end
    return Found("text", utterance.raw[start:end], start, end, first, last)


class _Builder:
    """Builds states from the end to the beginning: each node is given the states that follow it."""

    def __init__(
        self, to: Automaton, pattern: Pattern, atom: Callable[[Term], int], is_text: Callable[[str], bool]
    ) -> None:
        self.to, self.pattern, self.atom, self.is_text = to, pattern, atom, is_text

    def build(self, node: Node, follow: tuple[int, ...]) -> tuple[int, ...]:
        """The states that begin `node` (those of `follow` among them if it may be empty)."""
        if isinstance(node, Term):
            return (self._state(WORD, frozenset((self.atom(node),)), follow),)
        if isinstance(node, Star):
            star = self._state(STAR, frozenset(), ())
            self.to.after[star] = _union((star,), follow)
            return self.to.after[star]
        if isinstance(node, Capture):
            if not self.is_text(node.name):
                return (self._state(VALUE, node.name, follow),)
            text = self._state(TEXT, node.name, ())
            self.to.after[text] = _union((text,), follow)
            return (text,)
        if isinstance(node, InOrder):
            for item in reversed(node.items):
                follow = self.build(item, follow)
            return follow
        if isinstance(node, Choice):
            if all(_is_term(option) for option in node.options):
                atoms = frozenset(self.atom(_term(option)) for option in node.options)
                return (self._state(WORD, atoms, follow),)
            return _union(*(self.build(option, follow) for option in node.options))
        return self._any_order(node, follow)

    def _any_order(self, node: AnyOrder, follow: tuple[int, ...]) -> tuple[int, ...]:
        everything = (1 << len(node.parts)) - 1
        entries: dict[int, tuple[int, ...]] = {everything: follow}
        for done in range(everything - 1, -1, -1):
            ways = []
            for index, part in enumerate(node.parts):
                if not done >> index & 1:
                    rest = entries[done | 1 << index]
                    if node.apart and done | 1 << index != everything:
                        rest = self.build(Star(), rest)
                    ways.append(self.build(part, rest))
            entries[done] = _union(*ways)
        return entries[0]

    def _state(self, kind: int, wants: Atoms | str, follow: tuple[int, ...]) -> int:
        if len(self.to.kinds) >= MAX_STATES:
            raise Fault("the pattern has too many ways to match", 0, "put fewer '{}' inside each other")
        self.to.kinds.append(kind)
        self.to.wants.append(wants)
        self.to.after.append(follow)
        return len(self.to.kinds) - 1


def _is_term(node: Node) -> bool:
    return isinstance(node, Term) or (
        isinstance(node, InOrder) and len(node.items) == 1 and isinstance(node.items[0], Term)
    )


def _term(node: Node) -> Term:
    inner = node.items[0] if isinstance(node, InOrder) else node
    assert isinstance(inner, Term)
    return inner


def _union(*states: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(state for group in states for state in group))
