"""Values of entities that cannot be told apart, and entities that nothing looks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ses.scenario.compiling.names import parts_of
from ses.scenario.compiling.robot import Compiled, good
from ses.scenario.findings.fault import Fault
from ses.scenario.findings.report import Report
from ses.scenario.models.definitions import Tool
from ses.scenario.models.recognised import Entity
from ses.scenario.models.scalars import Text
from ses.scenario.recognising.pattern_syntax import Choice, Pattern, Sequence, parse_pattern
from ses.scenario.recognising.patterns import normal_form
from ses.scenario.words.tokeniser import fold


def check_entities(compiled: Compiled, report: Report) -> None:
    """One form in two values is asked about each time it is said; an entity without a use is often a name misspelt."""
    used = _used(compiled)
    for name, model in good(compiled.robot.entities).items():
        _check_forms(model, report)
        if name not in used and not compiled.broken:
            report.warning("unused", compiled.positions["entities"][name], f"no slot and no pattern uses the entity `{name}`",
                           suggestion=f"slots: {{…: {{type: {name}}}}}", length=len(name))  # fmt: skip


def _used(compiled: Compiled) -> set[str]:
    used = {str(slot.type) for slot in good(compiled.robot.slots).values() if slot.type is not None}
    used |= {capture for pattern, _ in compiled.recogniser.parsed for capture in pattern.captures}
    for part in parts_of(compiled.robot):
        if isinstance(part, Tool):
            used |= {str(argument.type) for argument in (part.args or {}).values()}
    return used


def _check_forms(model: Entity, report: Report) -> None:
    first: dict[str, tuple[str, Text]] = {}
    for key, entry in (model.values or {}).items():
        for form in entry.forms:
            for written in _ways(form):
                value, other = first.setdefault(written, (key, form))
                if value != key:
                    report.warning(
                        "same-form", form.at, f"the value `{value}` has this form too ({other.at.file}:{other.at.line})",
                        suggestion="remove one of them: whoever says it is asked which is meant", length=len(form),
                    )  # fmt: skip
                    break


def _ways(form: Text) -> Iterator[str]:
    """A form in words that compare, each choice of `(a|b)` by itself."""
    try:
        pattern = parse_pattern(str(form))
    except Fault:  # it is reported
        return
    root = pattern.root
    if isinstance(root, Sequence) and len(root.items) == 1:
        root = root.items[0]
    options = root.options if isinstance(root, Choice) else (root,)
    for option in options:
        yield _written(replace(pattern, root=option))


def _written(pattern: Pattern) -> str:
    return normal_form(pattern, lambda word: (fold(word),))
