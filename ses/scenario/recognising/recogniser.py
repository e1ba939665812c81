"""All recognisers of a robot that need no network, compiled together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from ses.scenario.findings.fault import Fault
from ses.scenario.findings.source import Source
from ses.scenario.program.recognition import Assent, Found, PatternMatch, Recognised, Utterance
from ses.scenario.recognising import assent as assents
from ses.scenario.recognising import negation as negations
from ses.scenario.recognising import patterns as pattern_rules
from ses.scenario.recognising.assent import AssentWords
from ses.scenario.recognising.builtin import BUILT_IN, FINDERS, SAID, SLOW, Asked
from ses.scenario.recognising.builtin.asked import spanning
from ses.scenario.recognising.builtin.unusual import unusual
from ses.scenario.recognising.entities import (
    Entity,
    ListEntity,
    ListEntry,
    RegexEntity,
    SeeEntity,
    check_regex,
)
from ses.scenario.recognising.examples import ExampleSet, words_of
from ses.scenario.recognising.forms import Form, FormSet
from ses.scenario.recognising.negation import NegationWords
from ses.scenario.recognising.pattern_syntax import Pattern, captures_of, parse_pattern, terms_of
from ses.scenario.recognising.patterns import PatternSet, compile_pattern, unmatchable
from ses.scenario.recognising.vocabulary import Atoms, Vocabulary
from ses.scenario.values.values import ListValue, as_date
from ses.scenario.words.lexicon import Lexicon, russian, word_forms
from ses.scenario.words.tokeniser import phrase_key, read

__all__ = [
    "BUILT_IN", "Entity", "ListEntity", "ListEntry", "PatternSource", "RegexEntity", "RobotRecogniser", "SeeEntity",
    "build_recogniser", "check_regex", "normal_form", "unmatchable",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class PatternSource:
    """A pattern and the intent it stands for; empty for patterns of menu items."""

    text: str
    intent: str = ""
    at: Source | None = None


def build_recogniser(
    languages: Sequence[str],
    patterns: Sequence[PatternSource] = (),
    examples: Mapping[str, Sequence[str]] | None = None,
    entities: Sequence[Entity] = (),
    slots: Mapping[str, str] | None = None,
    *,
    sure: float = 0.8,
    lexicon: Lexicon = word_forms,
    phrases: Mapping[str, Sequence[str]] | None = None,
) -> RobotRecogniser:
    """Compile a robot's recognisers: milliseconds to a second, so off the loop.

    `slots`: the type of each slot (an entity, `text`, or empty), for `@slot` in patterns. `sure`: examples are not
    tried when a pattern scores as much. Raises `Fault` for a pattern, form or regular expression that is wrong; its
    `path` says which: `("patterns", 3)`, `("entities", "size", "large", 0)`, `("entities", "order_no")`.
    """
    examples, slots, phrases = examples or {}, slots or {}, phrases or {}
    parsed = [_at(("patterns", index), parse_pattern, one.text) for index, one in enumerate(patterns)]
    lists = {entity.name: entity for entity in entities if isinstance(entity, ListEntity)}
    forms = [
        Form(entity.name, value.key, _at(("entities", entity.name, value.key, index), _parse_form, form))
        for entity in lists.values()
        for value in entity.values
        for index, form in enumerate(value.forms)
    ]
    vocabulary = Vocabulary(lexicon, languages)
    trees = [*parsed, *(form.pattern for form in forms)]
    spoken = {term.text for tree in trees for term in terms_of(tree.root) if term.kind == "form"}
    vocabulary.learn(spoken.union(words_of(examples)))
    texts = frozenset(name for name, kind in slots.items() if kind == "text")
    compiled = [
        _at(("patterns", index), compile_pattern, pattern, vocabulary.atom, texts.__contains__)
        for index, pattern in enumerate(parsed)
    ]
    captures = frozenset(name for pattern in parsed for name in pattern.captures) - texts
    _prepare({*slots.values(), *captures}, languages)
    negation = NegationWords({kind: phrases.get(f"ses.negation_{kind}", ()) for kind in negations.KINDS})
    return RobotRecogniser(
        assent=AssentWords({kind: phrases.get(f"ses.{kind}_words", ()) for kind in assents.KINDS}),
        phrases=phrases,
        negation=negation,
        negating=frozenset(
            index
            for index, pattern in enumerate(parsed)
            if negation.holds(term.text for term in terms_of(pattern.root))
        ),
        language=languages[0] if languages else "",
        vocabulary=vocabulary,
        intents_of=[one.intent for one in patterns],
        patterns=PatternSet(compiled),
        examples=ExampleSet(examples, vocabulary),
        forms=FormSet(forms, vocabulary),
        lists=lists,
        regexes={
            one.name: _at(("entities", one.name), check_regex, one.pattern)
            for one in entities
            if isinstance(one, RegexEntity)
        },
        services={one.name: (one.model, one.entity) for one in entities if isinstance(one, SeeEntity)},
        captures={name: slots.get(name) or name for name in captures},
        sure=sure,
    )


def _parse_form(text: str) -> Pattern:
    """A form of a list value: a pattern without captures."""
    pattern = parse_pattern(text)
    for capture in captures_of(pattern.root):
        raise Fault("a form captures nothing", capture.offset, "remove the '@'; captures stand in triggers")
    return pattern


def _prepare(used: Collection[str], languages: Sequence[str]) -> None:
    """Load what these entities need now, not in a conversation."""
    if "person" in used and tuple(languages[:1]) == ("ru",):
        russian()
    if "phone" in used:
        import phonenumbers  # noqa: F401 (17 ms at first use)


def _at(path: tuple[str | int, ...], run: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return run(*arguments)
    except Fault as fault:
        raise Fault(fault.message, fault.offset, fault.remedy, path) from None


def normal_form(pattern: Pattern, languages: Sequence[str], lexicon: Lexicon = word_forms) -> str:
    """Equal for patterns that match the same, as far as words, brackets and stars show it."""
    words = lexicon(sorted({term.text for term in terms_of(pattern.root) if term.kind == "form"}), languages)
    return pattern_rules.normal_form(pattern, lambda word: words[word].lemmas)


class RobotRecogniser:
    """A `Recogniser`."""

    def __init__(
        self,
        *,
        language: str,
        vocabulary: Vocabulary,
        intents_of: Sequence[str],
        patterns: PatternSet,
        examples: ExampleSet,
        forms: FormSet,
        lists: Mapping[str, ListEntity],
        regexes: Mapping[str, Any],
        services: Mapping[str, tuple[str, str]],
        captures: Mapping[str, str],
        sure: float,
        assent: AssentWords,
        negation: NegationWords,
        negating: frozenset[int],
        phrases: Mapping[str, Sequence[str]],
    ) -> None:
        self._language = language
        self._assent = assent
        self._negation = negation
        self._phrases = {
            kind: [f" {phrase_key(one)} " for one in phrases.get(f"ses.{kind}_words", ())]
            for kind in ("add", "only", "change")
        }
        self._negating = negating
        """Patterns that say a negation themselves."""
        self._vocabulary = vocabulary
        self._intents_of = tuple(intents_of)
        self._patterns = patterns
        self._examples = examples
        self._forms = forms
        self._lists = lists
        self._entries = {name: {one.key: one for one in entity.values} for name, entity in lists.items()}
        self._regexes = regexes
        self._services = services
        self._captures: dict[str, list[str]] = {}
        for name, entity in captures.items():
            self._captures.setdefault(entity, []).append(name)
        self._in_patterns = frozenset(captures.values())
        self._sure = sure
        self._last: tuple[Utterance, tuple[Found, ...], list[PatternMatch]] | None = None

    @property
    def in_patterns(self) -> frozenset[str]:
        return self._in_patterns

    def lemmas(self, word: str) -> tuple[str, ...]:
        return self._vocabulary.lemmas(word)

    def read(self, text: str) -> Utterance:
        return read(text)

    def is_slow(self, name: str) -> bool:
        return name in SLOW and name not in self._lists and name not in self._regexes

    def see(self, name: str) -> tuple[str, str] | None:
        return self._services.get(name)

    def values(self, entity: str) -> Sequence[Any]:
        return tuple(self._entries.get(entity, ()))

    def label(self, entity: str, key: Any, language: str) -> str:
        entry = self._entries.get(entity, {}).get(key)
        return entry.text(language) if entry else str(key)

    def present(self, entity: str, value: Any, language: str) -> Any:
        """A stored value as expressions read it: list values with labels, dates as dates, durations as spans."""
        if value is None:
            return None
        if type(value) is list:
            return [self.present(entity, one, language) for one in value]
        entries = self._entries.get(entity)
        if entries is not None:
            entry = entries.get(value)
            return ListValue(value, entry.text(language) if entry else str(value))
        if entity in ("date", "time", "datetime"):
            return as_date(value)
        if entity == "duration" and isinstance(value, int | float):
            return timedelta(seconds=value)
        return value

    def assent(self, utterance: Utterance, explained: Collection[int] = ()) -> Assent:
        return self._assent.read(utterance, explained)

    def set_change(self, utterance: Utterance) -> Literal["add", "only", ""]:
        if self._says(utterance, "only"):
            return "only"
        return "add" if self._says(utterance, "add") else ""

    def wants_change(self, utterance: Utterance) -> bool:
        return self._says(utterance, "change")

    def _says(self, utterance: Utterance, kind: str) -> bool:
        said = f" {' '.join([word.text for word in utterance.words])} "
        return any(phrase in said for phrase in self._phrases.get(kind, ()))

    def core(self, utterance: Utterance) -> str:
        return self._assent.core(utterance)

    def negated(self, utterance: Utterance, found: Sequence[Found]) -> Sequence[bool]:
        return self._negation.negated(utterance, found)

    def masked(self, utterance: Utterance) -> frozenset[int]:
        return self._negation.masked(utterance)

    def entities(
        self, utterance: Utterance, names: Collection[str], now: datetime | None = None
    ) -> Sequence[Found]:
        found: list[Found] = []
        if any(name in self._lists for name in names):
            found.extend(self._forms.find(utterance, self._words(utterance), names))
        asked: Asked | None = None
        for name in names:
            if name in self._regexes:
                found.extend(_by_regex(name, self._regexes[name], utterance))
            elif name in SAID and name not in self._lists:
                asked = asked or Asked(self._language, _wall(now), False)
                found.extend(self._built_in(name, utterance, asked))
        return sorted(found, key=lambda one: one.start) if len(found) > 1 else found

    def entity(
        self, utterance: Utterance, name: str, *, forgiving: bool, now: datetime | None = None
    ) -> Sequence[Found]:
        if name in self._lists:
            words = self._words(utterance)
            found = self._forms.find(utterance, words, (name,))
            return found or (self._forms.forgive(utterance, words, name) if forgiving else [])
        if name in self._regexes:
            return _by_regex(name, self._regexes[name], utterance)
        if name not in SAID:
            return ()
        asked = Asked(self._language, _wall(now), forgiving)
        return self._built_in(name, utterance, asked) or (
            unusual(name, utterance, asked) if forgiving and name in SLOW else ()
        )

    def _built_in(self, name: str, utterance: Utterance, asked: Asked) -> Sequence[Found]:
        if name == "yes_no":
            answer = self._assent.read(utterance).answer
            told = {"yes": True, "no": False}.get(answer or "")
            words = len(utterance.words)
            return [] if told is None else [Found("yes_no", told, 0, len(utterance.raw), 0, words)]
        found = FINDERS[name](utterance, asked)
        if name != "person" or not found or not self._lists:
            return found
        # Words of the robot's own values are no names: «Пётр, мазда».
        own = self._forms.find(utterance, self._words(utterance), tuple(self._lists))
        return [one for one in found if not any(o.first < one.last and one.first < o.last for o in own)]

    def patterns(self, utterance: Utterance, found: Sequence[Found]) -> Sequence[PatternMatch]:
        last = self._last
        if last is not None and last[0] is utterance and last[1] == tuple(found):
            return last[2]  # the engine asks for patterns and intents of one utterance
        words = self._words(utterance)
        by_name: dict[str, list[Found]] = {}
        for one in found:
            for name in self._captures.get(one.entity, ()):
                by_name.setdefault(name, []).append(one)
        matches = self._match(utterance, words, by_name)
        masked = self._negation.masked(utterance) if matches else frozenset[int]()
        if masked:
            unsaid: Atoms = frozenset()
            rest = [unsaid if index in masked else word for index, word in enumerate(words)]
            heard = {match.pattern for match in self._match(utterance, rest, by_name)} | self._negating
            matches = [match for match in matches if match.pattern in heard]
        self._last = (utterance, tuple(found), matches)
        return matches

    def _match(
        self, utterance: Utterance, words: Sequence[Atoms], found: Mapping[str, Sequence[Found]]
    ) -> list[PatternMatch]:
        present: set[int | str] = set(found)
        present.update(*words)
        return self._patterns.match(utterance, words, present, found)

    def intents(self, utterance: Utterance, found: Sequence[Found]) -> Sequence[Recognised]:
        best: dict[str, Recognised] = {}
        for match in self.patterns(utterance, found):
            intent = self._intents_of[match.pattern]
            if not intent:
                continue
            score = 0.5 + 0.5 * match.matched / match.total if match.total else 0.5
            known = best.get(intent)
            if known is None or known.score < score:
                best[intent] = Recognised(intent, score, match.captures)
        if self._examples and not any(one.score >= self._sure for one in best.values()):
            for intent, score in self._examples.best(utterance.words, self._words(utterance)).items():
                known = best.get(intent)
                if known is None or known.score < score:
                    best[intent] = Recognised(intent, score, {}, "example")
        return sorted(best.values(), key=lambda one: -one.score)

    def _words(self, utterance: Utterance) -> list[Atoms]:
        atoms_of = self._vocabulary.atoms_of
        return [atoms_of(word.text) for word in utterance.words]


def _wall(now: datetime | None) -> datetime | None:
    return now.replace(tzinfo=None) if now else None


def _by_regex(name: str, regex: Any, utterance: Utterance) -> list[Found]:
    found = []
    for match in regex.finditer(utterance.raw):
        group = 1 if match.re.groups and match[1] is not None else 0
        start, end = match.span(group)
        if end > start:
            found.append(spanning(name, match[group], utterance, start, end))
    return found
