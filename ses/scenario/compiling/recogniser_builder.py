"""What a robot recognises: its patterns, examples and entities, checked one by one and then built together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ses.scenario.compiling.pieces import Pieces
from ses.scenario.compiling.texts import BUILT_IN_INTENTS, engine_phrases, engine_texts, listed
from ses.scenario.findings.fault import Fault
from ses.scenario.findings.report import Report
from ses.scenario.findings.source import Source
from ses.scenario.findings.suggestions import did_you_mean
from ses.scenario.models.definitions import Flow
from ses.scenario.models.definitions import Trigger as TriggerModel
from ses.scenario.models.messages import Wording
from ses.scenario.models.recognised import Entity, ListEntry
from ses.scenario.models.robot import Robot
from ses.scenario.models.scalars import Text
from ses.scenario.models.steps.step import Broken
from ses.scenario.program.definitions import Trigger
from ses.scenario.program.recognition import Recogniser
from ses.scenario.recognising.automaton import check_ways
from ses.scenario.recognising.builtin import BUILT_IN
from ses.scenario.recognising.pattern_syntax import Pattern, captures_of, parse_pattern
from ses.scenario.recognising.recogniser import (
    ListEntity,
    PatternSource,
    RegexEntity,
    SeeEntity,
    build_recogniser,
    check_regex,
)
from ses.scenario.recognising.recogniser import (
    ListEntry as Entry,
)
from ses.scenario.words.lexicon import Lexicon, word_forms
from ses.scenario.words.tokeniser import phrase_key

FILES = ("file", "image", "voice", "location", "contact")


class RecogniserBuilder:
    """Recogniser builder: the recognisers of one robot in the making."""

    def __init__(self, robot: Robot, languages: tuple[str, ...], report: Report) -> None:
        self._robot = robot
        self._languages = languages
        self._report = report
        self._patterns: list[PatternSource] = []
        self._examples: dict[str, list[str]] = {}
        self._entities: list[ListEntity | RegexEntity | SeeEntity] = []
        self.entity_names = frozenset(robot.entities or {}) | frozenset(BUILT_IN)
        self.intent_names = frozenset(robot.intents or {})
        self._slots = {
            name: str(slot.type or "")
            for name, slot in (robot.slots or {}).items()
            if not isinstance(slot, Broken)
        }
        self.parsed: list[tuple[Pattern, Text]] = []
        """Every pattern of the author's that could be read."""
        for name, entity in (robot.entities or {}).items():
            if not isinstance(entity, Broken):
                self._entity(name, entity)
        for name, intent in (robot.intents or {}).items():
            if isinstance(intent, Broken):
                continue
            for pattern in intent.patterns or ():
                self.add_pattern(pattern, name)
            if intent.examples:
                self._examples[name] = [str(example) for example in intent.examples]
            if not intent.patterns and not intent.examples and intent.smc is None and intent.llm is None:
                report.error("missing-key", intent.at, f"nothing recognises the intent `{name}`",
                             suggestion="give it `patterns`, `examples`, `smc` or `llm`")  # fmt: skip
        self._built_in_intents()

    # --- patterns

    def add_pattern(self, text: Text, intent: str = "") -> int:
        """Enter a pattern; its number. A faulty one is reported and stands for nothing."""
        pattern = self._parse(text)
        if pattern is not None:
            self.parsed.append((pattern, text))
        self._patterns.append(PatternSource(str(text) if pattern is not None else "=☐", intent, text.at))
        return len(self._patterns) - 1

    def _parse(self, text: Text) -> Pattern | None:
        pattern = self._parsed(text)
        if pattern is None:
            return None
        known = self.entity_names | frozenset(self._robot.slots or {})
        for capture in captures_of(pattern.root):
            if capture.name not in known:
                offset = str(text).find(f"@{capture.name}")
                self._report.error(
                    "unknown-entity", text.position(max(offset, 0)), f"`@{capture.name}` is no entity and no slot",
                    suggestion=did_you_mean(capture.name, known), length=len(capture.name) + 1,
                )  # fmt: skip
        return pattern

    def _parsed(self, text: Text) -> Pattern | None:
        """A pattern that can be matched, none when its fault is reported."""
        try:
            pattern = parse_pattern(str(text))
            check_ways(pattern)
        except Fault as fault:
            self._report.error("bad-pattern", text.position(fault.offset), fault.message, suggestion=fault.remedy)  # fmt: skip
            return None
        return pattern

    def triggers(self, flow: str, model: Flow, pieces: Pieces) -> Iterator[Trigger]:
        """A flow's triggers; a bare pattern becomes a hidden intent `#FLOW.n`."""
        number = 0
        for one in model.on or ():
            given = one.given()
            if len(given) != 1:
                self._report.error("bad-value", one.at, "a trigger is one of a pattern, `intent`, `command`, `button` and `event`",
                                   suggestion="write each as an item of its own")  # fmt: skip
                continue
            condition = pieces.condition(one.condition) if one.condition is not None else None
            intent = str(one.intent or "")
            if one.pattern is not None:
                number += 1
                intent = f"#{flow}.{number}"
                self.add_pattern(one.pattern, intent)
            elif one.intent is not None:
                self._known_intent(one.intent)
            yield Trigger(
                flow,
                one.at,
                intent,
                self._command(one),
                str(one.button or ""),
                str(one.event or ""),
                condition,
            )

    def _known_intent(self, name: Text) -> None:
        if name not in self.intent_names and name not in BUILT_IN_INTENTS:
            self._report.error("unknown-intent", name.at, f"there is no intent `{name}`",
                               suggestion=did_you_mean(name, self.intent_names) or "define it under `intents:`",
                               length=len(name))  # fmt: skip

    def _command(self, one: TriggerModel) -> str:
        if one.command is None:
            return ""
        command = str(one.command)
        if command.startswith("/"):
            self._report.error("bad-value", one.command.at, "a command is written without its `/`",
                               suggestion=command.lstrip("/"), length=len(command))  # fmt: skip
        elif not command.replace("_", "").isalnum():
            self._report.error(
                "bad-name",
                one.command.at,
                "a command is one word of letters, digits and `_`",
                length=len(command),
            )
        return command

    def command_key(self, command: str) -> str:
        return command.casefold()

    def button_key(self, label: str) -> str:
        return phrase_key(label) or label.strip() if label else ""

    # --- entities

    def check_type(self, name: Text | None, choices: bool, at: Source) -> str:
        """A slot's type: an entity, `text`, or empty for a slot with `choices`."""
        if choices:
            if name is not None:
                self._report.error("bad-value", name.at, "a slot with `choices` has no `type`",
                                   suggestion="leave `type` out", length=len(name))  # fmt: skip
            return ""
        if name is None:
            self._report.error("missing-key", at, "a slot lacks `type`", suggestion="type: text")
            return "text"
        if name != "text" and name not in self.entity_names:
            self._report.error("unknown-entity", name.at, f"there is no entity `{name}`",
                               suggestion=did_you_mean(name, {*self.entity_names, "text"}) or "define it under `entities:`",
                               length=len(name))  # fmt: skip
        return str(name)

    def _entity(self, name: str, model: Entity) -> None:
        if name in BUILT_IN or name == "text":
            self._report.error("duplicate-name", model.at, f"`{name}` is a built-in entity",
                               suggestion=f"another name, such as `my_{name}`")  # fmt: skip
        given = [key for key in ("values", "pattern", "see") if getattr(model, key) is not None]
        if len(given) != 1:
            self._report.error("bad-value", model.at, f"the entity `{name}` has one of `values`, `pattern` and `see`",
                               suggestion="give one of them")  # fmt: skip
            return
        if model.pattern is not None:
            try:
                check_regex(str(model.pattern))
            except Fault as fault:
                self._report.error(
                    "bad-regex", model.pattern.position(fault.offset), fault.message, suggestion=fault.remedy
                )
                return
            self._entities.append(RegexEntity(name, str(model.pattern)))
        elif model.see is not None:
            self._entities.append(SeeEntity(name, str(model.see.model), str(model.see.entity)))
        else:
            self._entities.append(
                ListEntity(
                    name, tuple(self._entry(key, entry) for key, entry in (model.values or {}).items())
                )
            )

    def _entry(self, key: str, entry: ListEntry) -> Entry:
        forms = tuple(str(form) for form in entry.forms if self._form(form))
        if not entry.forms:
            self._report.error("missing-value", entry.at, f"the value `{key}` has no forms")
        return Entry(key, forms, self._entry_label(entry.label) if entry.label is not None else "")

    def _form(self, form: Text) -> bool:
        pattern = self._parsed(form)
        if pattern is None:
            return False
        if pattern.captures:
            self._report.error("bad-pattern", form.at, "a form has no captures", length=len(form))
            return False
        return True

    def _entry_label(self, label: Wording) -> Any:
        by_language = {language: str(texts[0]) for language, texts in label.variants.items()}
        return by_language.get("", by_language)

    # --- all together

    def _built_in_intents(self) -> None:
        """Phrases of cancel, repeat …, unless the robot has an intent of that name."""
        for name, words in engine_texts().intents.items():
            if name in self.intent_names:
                continue
            for language in self._languages:
                self._patterns += [PatternSource(pattern, name) for pattern in words.get(language, ())]

    def build(self, lexicon: Lexicon | None = None, sure: float = 0.8) -> Recogniser:
        """The recogniser of a robot without faults."""
        return build_recogniser(
            self._languages, self._patterns, self._examples, self._entities, self._slots, sure=sure,
            lexicon=lexicon or word_forms, phrases=self._phrases(),
        )  # fmt: skip

    def _phrases(self) -> Mapping[str, Sequence[str]]:
        """The engine's phrases of yes, no and negation, with those that the robot adds."""
        phrases: dict[str, Sequence[str]] = dict(engine_phrases())
        for key, model in (self._robot.texts or {}).items():
            if key in phrases and not isinstance(model, Broken) and model.wording is not None:
                own = [phrase for text in model.wording.texts() for phrase in listed(str(text))]
                phrases[key] = (*phrases[key], *own)
        return phrases
