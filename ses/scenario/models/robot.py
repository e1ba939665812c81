"""A robot's files, merged: the top-level keys of the language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import CoreSchema

from ses.scenario.findings.source import Source
from ses.scenario.models.base_model import ScenarioModel, described, report_of, reported
from ses.scenario.models.definitions import Flow, Handler, Slot, check_event_name
from ses.scenario.models.messages import MessageField, Short, Wording
from ses.scenario.models.recognised import Entity, Intent
from ses.scenario.models.scalars import Label, OneOrMany, Text, check_identifier, check_simple_name
from ses.scenario.models.settings import Qas, Session, Variable
from ses.scenario.models.steps.any_step import AnyStep
from ses.scenario.models.steps.step import Broken
from ses.scenario.models.voice import Voice
from ses.scenario.reading.nodes import Map, Node, Scalar, Seq

_TEXT: dict[str, Any] = {"type": "string"}
_PLAIN: dict[str, Any] = {"type": ["string", "number", "boolean", "null", "array"]}
"""A variable's first value as it is; a map would be taken for the definition."""
NameCheck = Callable[[str, Source, ValidationInfo], None]


def _any_name(name: str, at: Source, info: ValidationInfo) -> None:
    """Names of texts: anything."""


def _recover(node: Any, inner: ValidatorFunctionWrapHandler) -> Any:
    """A definition whose faults are reported stays known by its name."""
    try:
        return inner(node)
    except ValidationError:
        return Broken(node)


def _or_nothing(node: Any, inner: ValidatorFunctionWrapHandler) -> Any:
    """A faulty setting counts as not given: the rest is checked all the same."""
    try:
        return inner(node)
    except ValidationError:
        return None


class Section:
    """The names of a section, each checked; entries with a bad name are left out."""

    def __init__(self, what: str, check: NameCheck) -> None:
        self._what = what
        self._check = check

    def __call__(self, node: Any, info: ValidationInfo) -> Any:
        if isinstance(node, Scalar) and node.empty:
            return Map(node.at)
        if not isinstance(node, Map):
            report_of(info).error(
                "wrong-type", node.at, f"{self._what} are a map of names, not {described(node)}"
            )
            raise reported()
        good = Map(node.at)
        for name, value in node.items():
            try:
                self._check(name, node.keys_at[name], info)
            except ValueError:
                continue
            good.put(name, node.keys_at[name], value)
        return good


def _events(node: Any, info: ValidationInfo) -> Any:
    """Each event's value, a flow or steps, as the model `Handler` takes it."""
    if isinstance(node, Scalar) and node.empty:
        return Map(node.at)
    if not isinstance(node, Map):
        report_of(info).error("wrong-type", node.at, f"events are a map of names, not {described(node)}")
        raise reported()
    good = Map(node.at)
    for name, value in node.items():
        try:
            check_event_name(name, node, info)
        except ValueError:
            continue
        full = Map(value.at)
        if isinstance(value, Scalar) and value.text not in ("end", "return"):
            full.put("flow", value.at, value)
        elif name.split("@")[0] == "fallback" and isinstance(value, Seq):
            full.put("ladder", value.at, value)
        else:
            full.put("steps", value.at, value)
        good.put(name, node.keys_at[name], full)
    return good


class _EventSchema:
    """In files an event's value is a flow's name or steps; the model's fields are not written."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        full = handler.resolve_ref_schema(handler(schema))
        steps = next(form for form in full["properties"]["steps"]["anyOf"] if form.get("type") != "null")
        ladder = {"type": "array", "items": steps}
        return {"anyOf": [_TEXT, steps, ladder]}


def section(what: str, check: NameCheck) -> Any:
    return WrapValidator(_or_nothing), BeforeValidator(Section(what, check))


Recovered = WrapValidator(_recover)
OrNothing = WrapValidator(_or_nothing)


class Robot(ScenarioModel):
    """A robot."""

    called = "a robot"
    later: ClassVar[Mapping[str, str]] = {
        "schedules": "a section of the language",
        "llm": "a section of the language",
        "migrations": "a section of the language",
    }

    id: Annotated[
        Label | None, OrNothing, Field(description="Its name in addresses; the folder's name without it")
    ] = None
    title: Annotated[Text | None, OrNothing, Field(description="Its name for people")] = None
    language: Annotated[
        Label | None, OrNothing, Field(description="Of texts, word forms, dates: `ru` or `en`")
    ] = None
    languages: Annotated[
        list[Label] | None,
        OrNothing,
        OneOrMany(),
        Field(description="If several, the first is the default"),
    ] = None
    timezone: Annotated[Text | None, OrNothing, Field(description="Such as `Europe/Moscow`")] = None
    session: Annotated[Session | None, OrNothing, Field(description="Settings of sessions")] = None
    variables: Annotated[
        dict[str, Annotated[Variable, Recovered, Short(_PLAIN)]] | None, *section("variables", check_identifier),
        Field(description="Values that are remembered"),
    ] = None  # fmt: skip
    slots: Annotated[
        dict[str, Annotated[Slot, Recovered]] | None, *section("slots", check_identifier),
        Field(description="What the robot asks for"),
    ] = None  # fmt: skip
    entities: Annotated[
        dict[str, Annotated[Entity, Recovered]] | None, *section("entities", check_identifier),
        Field(description="Kinds of values"),
    ] = None  # fmt: skip
    intents: Annotated[
        dict[str, Annotated[Intent, Recovered]] | None, *section("intents", check_simple_name),
        Field(description="What a user may want"),
    ] = None  # fmt: skip
    events: Annotated[
        dict[str, Annotated[Handler, Recovered, _EventSchema()]] | None, OrNothing, BeforeValidator(_events),
        Field(description="What happens at built-in events"),
    ] = None  # fmt: skip
    texts: Annotated[
        dict[str, Annotated[MessageField, Recovered]] | None, *section("texts", _any_name),
        Field(description="Texts by key; `ses.…` replaces what the engine says"),
    ] = None  # fmt: skip
    flows: Annotated[
        dict[str, Annotated[Flow, Recovered]] | None, *section("flows", check_simple_name),
        Field(description="Pieces of dialogue"),
    ] = None  # fmt: skip
    data: Annotated[
        dict[str, Annotated[Text, Recovered]] | None, *section("data tables", check_identifier),
        Field(description="Read-only tables: a file below `data/` each, YAML or CSV"),
    ] = None  # fmt: skip
    qas: Annotated[Qas | None, OrNothing, Field(description="Ask the FAQ when nothing else understood")] = (
        None
    )
    voice: Annotated[Voice | None, OrNothing, Field(description="How the robot hears and speaks")] = None


Robot.model_rebuild(
    _types_namespace={"AnyStep": AnyStep}
)  # now, and with it all of its parts: robots are read in several threads

SECTIONS = tuple("variables slots entities intents events texts flows data session qas voice".split())
"""Keys whose maps are merged over files."""


def merge(documents: list[tuple[str, Node | None]], report: Any) -> Map:
    """The top-level keys of all files as one map. A name defined twice is reported with both positions."""
    merged = Map(Source(documents[0][0] if documents else "robot.yaml", 1, 1))
    for _, root in documents:
        if root is None or (isinstance(root, Scalar) and root.empty):
            continue
        if not isinstance(root, Map):
            report.error(
                "wrong-type", root.at, "a robot's file is a map of keys such as `flows:` and `slots:`"
            )
            continue
        for key, value in root.items():
            at = root.keys_at[key]
            if key not in merged:
                merged.put(key, at, _copy(value) if key in SECTIONS and isinstance(value, Map) else value)
            elif key in SECTIONS and isinstance(value, Map) and isinstance(merged[key], Map):
                _add(merged[key], value, key, report)
            elif key in SECTIONS and isinstance(value, Scalar) and value.empty:
                continue
            else:
                _twice(key, at, merged.keys_at[key], report)
    return merged


def _copy(node: Map) -> Map:
    return node.without()


def _add(target: Map, more: Map, key: str, report: Any) -> None:
    for name, value in more.items():
        if name in target:
            _twice(name, more.keys_at[name], target.keys_at[name], report)
        else:
            target.put(name, more.keys_at[name], value)


def _twice(name: str, at: Source, first: Source, report: Any) -> None:
    report.error(
        "duplicate-name", at, f"`{name}` is defined twice, first in {first.file}:{first.line}:{first.column}",
        suggestion="keep one of them", also=first, length=len(name),
    )  # fmt: skip


__all__ = ["SECTIONS", "Robot", "Wording", "merge"]
