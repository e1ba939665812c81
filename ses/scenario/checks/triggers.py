"""Triggers that can never win: the same one twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ses.scenario.compiling.robot import Compiled, good
from ses.scenario.findings.report import Report
from ses.scenario.findings.source import Source
from ses.scenario.models.definitions import Flow, Trigger
from ses.scenario.models.scalars import Text
from ses.scenario.recognising.pattern_syntax import Pattern, Sequence, Star
from ses.scenario.recognising.patterns import normal_form, unmatchable
from ses.scenario.words.tokeniser import fold, phrase_key


def check_triggers(compiled: Compiled, report: Report) -> None:
    """Two flows that listen to the same are a draw that the user would have to decide each time."""
    known = compiled.recogniser.entity_names | frozenset(compiled.robot.slots or {})
    for pattern, text in compiled.recogniser.parsed:
        fault = unmatchable(pattern, known.__contains__)
        if fault is not None and not pattern.captures - known:
            report.error("dead-pattern", text.position(fault.offset), fault.message, suggestion=fault.remedy)
        items = pattern.root.items if isinstance(pattern.root, Sequence) else (pattern.root,)
        if all(isinstance(item, Star) for item in items):
            report.warning("open-pattern", text.at, "`*` alone takes everything that nothing else understands",
                           suggestion="events: {fallback: …}", length=len(text))  # fmt: skip
    patterns = {id(text): pattern for pattern, text in compiled.recogniser.parsed}
    listening: dict[tuple[str, str, frozenset[str]], tuple[str, Source]] = {}
    for name, model in good(compiled.robot.flows).items():
        for trigger in model.on or ():
            if trigger.condition is not None:
                continue
            for kind, key, text in _keys(trigger, patterns):
                _listen(listening, (kind, key, _within(model)), name, text, report)
    _check_intents(compiled, patterns, report)


def check_forms(compiled: Compiled, lemmas: Callable[[str], tuple[str, ...]], report: Report) -> None:
    """Patterns of two flows that differ only in the forms of their words («* хочу *», «* хотел *») match the same.

    `lemmas` are those of the words of the robot's patterns: known when it is compiled, so this is a warning.
    """
    patterns = {id(text): pattern for pattern, text in compiled.recogniser.parsed}
    listening: dict[tuple[str, frozenset[str]], tuple[str, str, Source]] = {}
    for name, model in good(compiled.robot.flows).items():
        for text in _patterns_of(model, compiled):
            pattern = patterns.get(id(text))
            if pattern is None:
                continue
            key = (normal_form(pattern, lemmas), _within(model))
            flow, written, at = listening.setdefault(key, (name, _normal(pattern), text.at))
            if flow != name and written != _normal(pattern):
                report.warning(
                    "same-trigger", text.at, f"another form of the same words starts the flow `{flow}` ({at.file}:{at.line})",
                    suggestion="remove one of them, or mark the form that is meant: `=word`", length=len(text),
                )  # fmt: skip


def _patterns_of(model: Flow, compiled: Compiled) -> Iterator[Text]:
    intents = good(compiled.robot.intents)
    for trigger in model.on or ():
        if trigger.condition is not None:
            continue
        if trigger.pattern is not None:
            yield trigger.pattern
        if trigger.intent is not None and (intent := intents.get(str(trigger.intent))) is not None:
            yield from intent.patterns or ()


def _listen(
    listening: dict[tuple[str, str, frozenset[str]], tuple[str, Source]],
    key: tuple[str, str, frozenset[str]],
    flow: str,
    text: Text,
    report: Report,
) -> None:
    first = listening.get(key)
    if first is None:
        listening[key] = (flow, text.at)
    elif first[0] == flow:
        report.warning("same-trigger", text.at, f"this trigger stands twice, first on line {first[1].line}",
                       suggestion="remove one of them", length=len(text))  # fmt: skip
    else:
        report.error(
            "same-trigger", text.at, f"the flow `{first[0]}` listens to the same ({first[1].file}:{first[1].line})",
            suggestion="remove one of them, or give one an `if` or a `within`", also=first[1], length=len(text),
        )  # fmt: skip


def _keys(trigger: Trigger, patterns: dict[int, Pattern]) -> Iterator[tuple[str, str, Text]]:
    if trigger.intent is not None:
        yield "intent", str(trigger.intent), trigger.intent
    if trigger.command is not None:
        yield "command", trigger.command.casefold(), trigger.command
    if trigger.button is not None:
        yield "button", phrase_key(str(trigger.button)), trigger.button
    if trigger.event is not None:
        yield "event", str(trigger.event), trigger.event
    if trigger.pattern is not None and id(trigger.pattern) in patterns:
        yield "pattern", _normal(patterns[id(trigger.pattern)]), trigger.pattern


def _within(model: Flow) -> frozenset[str]:
    return frozenset(str(other) for other in model.within or ())


def _check_intents(compiled: Compiled, patterns: dict[int, Pattern], report: Report) -> None:
    """The same pattern or example in two intents: neither can be told from the other."""
    first: dict[tuple[str, str], tuple[str, Source]] = {}
    for name, model in good(compiled.robot.intents).items():
        entries = [
            ("pattern", _normal(patterns[id(one)]), one)
            for one in model.patterns or ()
            if id(one) in patterns
        ]
        entries += [("example", phrase_key(str(one)), one) for one in model.examples or ()]
        for kind, key, text in entries:
            intent, at = first.setdefault((kind, key), (name, text.at))
            if at == text.at:
                continue
            where = "twice in this intent" if intent == name else f"in the intent `{intent}` too"
            add = report.warning if intent == name else report.error
            add("same-trigger", text.at, f"this {kind} stands {where} ({at.file}:{at.line})",
                suggestion="remove one of them", length=len(text))  # fmt: skip


def _normal(pattern: Pattern) -> str:
    """Without dictionaries: words are compared as they are written."""
    return normal_form(pattern, lambda word: (fold(word),))
