"""What is read out of an utterance: words, entities, intents. The values here are shared by the language's
recognisers (which find them) and the dialogue engine (which decides what they mean in a conversation)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol


class Word(NamedTuple):
    """A word of an utterance: folded text, and its characters `start:end` in the raw text."""

    text: str
    start: int
    end: int


@dataclass(slots=True)
class Utterance:
    """What a person said: the raw text (NFC, at most 4,096 characters) and its words."""

    raw: str
    words: tuple[Word, ...]


class Found(NamedTuple):
    """A value found in an utterance."""

    entity: str
    value: Any
    """JSON-able: a list value's key, an ISO date, a number, E.164, `{amount, currency}` …"""
    start: int
    end: int
    """Characters in the raw text."""
    first: int
    last: int
    """Words covered: `first <= index < last`."""
    weight: float = 1.0
    """0.8 when a typo was forgiven."""


class Recognised(NamedTuple):
    """An intent with its score in 0..1 (`docs/language.md`: 0.5 + 0.5·k/n for patterns, similarity for examples)."""

    intent: str
    score: float
    captures: Mapping[str, tuple[Found, ...]] = {}
    """What `@slot` and `@entity` in the pattern caught, by that name."""
    by: str = "pattern"
    """`pattern`, `example`, `smc`: for the trace."""


class PatternMatch(NamedTuple):
    """A pattern that covers the utterance: `matched` of `total` words by anything but `*`."""

    pattern: int
    matched: int
    total: int
    captures: Mapping[str, tuple[Found, ...]] = {}


class Assent(NamedTuple):
    """What an utterance says to a question of yes and no."""

    answer: Literal["yes", "no", "unsure"] | None
    """`unsure`: a hesitation, a question back. None: not told, for something stands beside it that nothing explains."""
    strange: tuple[int, ...] = ()
    """Words, by their index, that nothing explains."""
    exception: bool = False
    """A yes to all but something: what follows is a correction."""
    negated: bool = False
    """A no that is a yes denied («не всё верно»): something is wrong, nobody said that all of it is."""


class Recogniser(Protocol):
    """All recognisers of a robot that need no network, compiled together: cost does not grow with their number."""

    def read(self, text: str) -> Utterance:
        """Normalise and split."""
        ...

    def lemmas(self, word: str) -> tuple[str, ...]:
        """Of a word of the robot's own patterns, folded; of any other the word itself."""
        ...

    def entities(
        self, utterance: Utterance, names: Collection[str], now: datetime | None = None
    ) -> Sequence[Found]:
        """Every value of these entities, overlaps included, in the order of their start; typos not forgiven.

        `now`, in the user's time zone, is what relative dates count from; without it they are not found."""
        ...

    def entity(
        self, utterance: Utterance, name: str, *, forgiving: bool, now: datetime | None = None
    ) -> Sequence[Found]:
        """Values of one entity, by slow means too (call it off the loop then); `forgiving`, for the open
        question, allows one typo in a list form's word of five letters or more and takes bare numbers for sums,
        hours and days."""
        ...

    def is_slow(self, name: str) -> bool:
        """True for entities (dates) for which a forgiving `entity` may take 100 ms."""
        ...

    def see(self, name: str) -> tuple[str, str] | None:
        """`(model, entity)` for an entity that the SEE service finds, else none."""
        ...

    def patterns(self, utterance: Utterance, found: Sequence[Found]) -> Sequence[PatternMatch]:
        """The matching patterns among all of the robot's."""
        ...

    def intents(self, utterance: Utterance, found: Sequence[Found]) -> Sequence[Recognised]:
        """Intents recognised by patterns, and by examples when no pattern was sure; best first, one entry each."""
        ...

    def assent(self, utterance: Utterance, explained: Collection[int] = ()) -> Assent:
        """Yes, no, or neither; `explained` are words of values that agree with what stands."""
        ...

    def set_change(self, utterance: Utterance) -> Literal["add", "only", ""]:
        """How an utterance means the values of a set: «и ещё оливки», «только оливки»."""
        ...

    def wants_change(self, utterance: Utterance) -> bool:
        """Whether an utterance asks for something else in place of what stands: «поменяйте», "wrong"."""
        ...

    def core(self, utterance: Utterance) -> str:
        """Its words without politeness and filler."""
        ...

    def negated(self, utterance: Utterance, found: Sequence[Found]) -> Sequence[bool]:
        """For each value whether the utterance speaks against it: «без сыра», "not tomorrow"."""
        ...

    def masked(self, utterance: Utterance) -> frozenset[int]:
        """Words, by their index, that stand under a refusal: «не оператора»."""
        ...

    def present(self, entity: str, value: Any, language: str) -> Any:
        """A stored value as a scope should hold it: list values with their label, dates as dates."""
        ...

    def label(self, entity: str, key: Any, language: str) -> str:
        """What a list value prints as; the value's own text for others."""
        ...

    def values(self, entity: str) -> Sequence[Any]:
        """The keys of a list entity in the author's order (for buttons), empty for others."""
        ...

    @property
    def in_patterns(self) -> frozenset[str]:
        """Entities that patterns mention: found before patterns are matched."""
        ...
