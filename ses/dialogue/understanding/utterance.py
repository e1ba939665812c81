"""Reading an utterance: its words, values and intents, each looked for only when somebody needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ses.dialogue.state.session import SeeResults
from ses.dialogue.state.turn import Turn
from ses.errors import StepError
from ses.scenario.program.recognition import Found, PatternMatch, Recognised, Utterance
from ses.scenario.program.robot import Program

UNTYPED = frozenset({"", "text"})
FILES = frozenset({"file", "image", "voice", "audio", "video"})
NUMBERS = frozenset({"number", "integer"})
LONGEST_COMMAND = 8
"""Words; who says more than that says something else too."""
BY_NAME = NUMBERS | {"yes_no", "text"} | FILES
"""Types that are never filled unasked, and corrected only by name or marker."""

BUILT_IN = frozenset({"cancel", "skip", "repeat", "help", "back"})
"""Intents that every robot has."""


class Interpretation:
    """An utterance as one version of the robot reads it."""

    __slots__ = (
        "_found",
        "_intents",
        "_negated",
        "_patterns",
        "_seen",
        "program",
        "text",
        "turn",
        "utterance",
    )

    def __init__(self, turn: Turn, text: str, program: Program) -> None:
        self.turn = turn
        self.program = program
        self.text = text
        self.utterance: Utterance = program.recogniser.read(text)
        self._found: dict[str, list[Found]] = {}
        self._negated: dict[str, list[Found]] = {}
        """Values that the utterance speaks against, by entity."""
        self._intents: Sequence[Recognised] | None = None
        self._patterns: Sequence[PatternMatch] | None = None
        seen = turn.see_results
        known = seen.found.get(program.version) if seen is not None and seen.text == text else None
        self._seen: dict[str, list[Found]] = known or {}

    @property
    def word_count(self) -> int:
        return max(len(self.utterance.words), 1)

    @property
    def label_key(self) -> str:
        """What labels of buttons are compared with (`label_key`)."""
        return " ".join([word.text for word in self.utterance.words]) or self.text.strip()

    def entities(self, names: Collection[str]) -> list[Found]:
        """Values of these entities, as far as they are found without a network."""
        missing = [name for name in names if name not in self._found and name not in UNTYPED]
        if missing:
            for name in missing:
                self._found[name] = []
            recogniser = self.program.recogniser
            found = recogniser.entities(self.utterance, missing, now=self.turn.scope.now)
            for one in self._wanted(found):
                self._found[one.entity].append(one)
        return [found for name in names for found in (*self._found.get(name, ()), *self._seen.get(name, ()))]

    async def answer_entities(self, name: str) -> list[Found]:
        """Values of the open question's entity: a typo is forgiven, dates may take their time, SEE is asked."""
        recogniser = self.program.recogniser
        if recogniser.see(name) is not None:
            await self.extract([name])
            return self._seen[name]
        now = self.turn.scope.now
        if recogniser.is_slow(name):
            found = await self.turn.await_external(
                "dates",
                self.turn.ports.offload(
                    lambda: recogniser.entity(self.utterance, name, forgiving=True, now=now)
                ),
            )
        else:
            found = recogniser.entity(self.utterance, name, forgiving=True, now=now)
        return self._wanted(found)

    def negated(self, name: str) -> list[Found]:
        """Values of an entity that the utterance speaks against: «без сыра», "not tomorrow"."""
        self.entities([name])
        return self._negated.get(name, [])

    def _wanted(self, found: Sequence[Found]) -> list[Found]:
        """Without what is negated, which is kept apart."""
        wanted = []
        for one, negated in zip(found, self.program.recogniser.negated(self.utterance, found), strict=True):
            if not negated or one.entity == "yes_no":
                wanted.append(one)
            elif one not in (known := self._negated.setdefault(one.entity, [])):
                known.append(one)
        return wanted

    @property
    def intents(self) -> Sequence[Recognised]:
        if self._intents is None:
            recogniser = self.program.recogniser
            self._intents = recogniser.intents(self.utterance, self.entities(recogniser.in_patterns))
        return self._intents

    @property
    def built_in(self) -> str:
        """The built-in intent an utterance is as a whole, politeness left out; empty if none, or if a flow is triggered by it."""
        name = self._command(self.intents)
        recogniser = self.program.recogniser
        if name or len(self.utterance.words) > LONGEST_COMMAND:
            return name
        core = recogniser.core(self.utterance)
        if not core or core == self.label_key:
            return ""
        return self._command(recogniser.intents(recogniser.read(core), ()))

    def _command(self, intents: Sequence[Recognised]) -> str:
        newest = self.turn.newest
        for one in intents:
            if (
                one.intent in BUILT_IN
                and one.score >= newest.session.threshold
                and one.intent not in newest.by_intent
            ):
                return one.intent
        return ""

    @property
    def patterns(self) -> Sequence[PatternMatch]:
        if self._patterns is None:
            recogniser = self.program.recogniser
            self._patterns = recogniser.patterns(self.utterance, self.entities(recogniser.in_patterns))
        return self._patterns

    # --- recognisers that cost a call; one that fails is silent ---

    async def classify(self, model: str) -> list[Recognised]:
        """Ask this model of SMC for all intents that need it."""
        services = self.turn.ports.services
        try:
            classes = await self.turn.await_external("smc", services.classify(model, self.utterance.raw))
        except StepError as error:
            self.turn.trace.errors.append({"kind": error.kind, "service": "smc"})
            return []
        scores = {one.name: one.confidence for one in classes}
        self.turn.trace.call("smc", model, "", self.utterance.raw, scores)
        return [
            Recognised(intent.intent, scores[intent.cls], {}, "smc")
            for intent in self.program.smc_intents
            if intent.model == model and intent.cls in scores
        ]

    async def extract(self, entities: Iterable[str]) -> None:
        """Ask SEE for these entities, once each, all models at once."""
        wanted: dict[str, list[tuple[str, str]]] = {}
        for name in entities:
            where = self.program.recogniser.see(name)
            if where is not None and name not in self._seen:
                self._seen[name] = []
                wanted.setdefault(where[0], []).append((name, where[1]))
        if wanted:
            self._keep_seen()
            await asyncio.gather(*(self._extract(model, names) for model, names in wanted.items()))

    def _keep_seen(self) -> None:
        """Let the turn's checkpoints carry what SEE finds."""
        turn = self.turn
        if turn.see_results is None or turn.see_results.text != self.text:
            turn.see_results = SeeResults(self.text)
        turn.see_results.found[self.program.version] = self._seen

    async def _extract(self, model: str, names: list[tuple[str, str]]) -> None:
        services = self.turn.ports.services
        raw = self.utterance.raw
        try:
            entities = await self.turn.await_external("see", services.extract(model, raw))
        except StepError as error:
            self.turn.trace.errors.append({"kind": error.kind, "service": "see"})
            return
        reply = [{"entity": one.entity, "text": one.text, "value": one.value} for one in entities]
        self.turn.trace.call("see", model, "", raw, reply)
        for one in entities:
            for name, entity in names:
                if one.entity == entity:
                    self._seen[name].append(self._placed(name, one.value, one.text, one.start, one.end))

    def _placed(self, name: str, value: Any, text: str, start: int, end: int) -> Found:
        raw = self.utterance.raw
        if not 0 <= start < end <= len(raw):
            start = raw.casefold().find(text.casefold()) if text else -1
            end = start + len(text)
            if start < 0:
                start, end = 0, len(raw)
        inside = [i for i, word in enumerate(self.utterance.words) if word.start < end and word.end > start]
        first, last = (inside[0], inside[-1] + 1) if inside else (0, 0)
        return Found(name, value, start, end, first, last)


def interpret(turn: Turn, text: str, program: Program) -> Interpretation:
    """The utterance as `program` reads it; read once a turn for each version."""
    cache: dict[int, Interpretation] = turn.interpretations
    interpretation = cache.get(id(program))
    if interpretation is None or interpretation.text != text:
        interpretation = cache[id(program)] = Interpretation(turn, text, program)
    return interpretation


def overlaps(span: tuple[int, int], taken: Iterable[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in taken)


def without_overlaps(found: Iterable[Found], taken: Iterable[tuple[int, int]] = ()) -> list[Found]:
    """Values that do not overlap each other or `taken`: the longest first; then in the order of the text."""
    spans = list(taken)
    chosen = []
    for one in sorted(found, key=lambda one: (one.start - one.end, one.start)):
        if not overlaps((one.start, one.end), spans):
            spans.append((one.start, one.end))
            chosen.append(one)
    chosen.sort(key=lambda one: one.start)
    return chosen


def distinct(values: Iterable[Any]) -> list[Any]:
    """Values without repetitions, in order (they need not be hashable)."""
    result: list[Any] = []
    for value in values:
        if value not in result:
            result.append(value)
    return result
