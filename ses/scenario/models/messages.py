"""What a robot says: wordings, messages, questions, buttons."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
)
from pydantic_core import CoreSchema, core_schema

from ses.extensions import installed
from ses.messages import CHANNELS
from ses.scenario.findings.report import Report
from ses.scenario.findings.source import Source
from ses.scenario.findings.suggestions import did_you_mean
from ses.scenario.models.base_model import ScenarioModel, not_a_text, report_of, reported
from ses.scenario.models.scalars import Boolean, Data, Expr, Kind, Label, Reference, Text
from ses.scenario.reading.nodes import Map, Node, Scalar, Seq
from ses.scenario.reading.yaml_errors import quoted

_LANGUAGE = re.compile(r"[a-z]{2}")
_TEXT: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_VARIANTS: dict[str, Any] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
_WORDING: dict[str, Any] = {
    "anyOf": [
        _TEXT,
        {"type": "array", "items": _TEXT, "minItems": 1, "description": "variants, said in turn"},
        {"type": "object", "patternProperties": {"^[a-z]{2}$": _VARIANTS}, "additionalProperties": False},
    ]
}


class Short:
    """Marks a field that also takes a shorthand, for the JSON Schema."""

    def __init__(self, *forms: dict[str, Any]) -> None:
        self._forms = forms

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [*self._forms, handler(schema)]}


def choice(*allowed: str) -> BeforeValidator:
    """A word out of a few."""

    def parse(node: Node, info: ValidationInfo) -> str:
        if isinstance(node, Scalar) and node.text in allowed:
            return node.text
        shown = node.text if isinstance(node, Scalar) else ""
        report_of(info).error(
            "bad-value", node.at, "one of " + ", ".join(f"`{word}`" for word in allowed) + " is expected here",
            suggestion=did_you_mean(shown, allowed), length=max(len(shown), 1),
        )  # fmt: skip
        raise reported()

    return BeforeValidator(parse)


def is_channel(name: str) -> bool:
    """Whether conversations can happen there: the kinds of packages are looked for only when it is none of SES's own."""
    return name in CHANNELS or name in installed()


def known_channels() -> tuple[str, ...]:
    return (*CHANNELS, *installed())


def _channel(node: Node, info: ValidationInfo) -> str:
    if isinstance(node, Scalar) and is_channel(node.text):
        return node.text
    no_such_channel(node.text if isinstance(node, Scalar) else "", node.at, report_of(info))
    raise reported()


CHANNEL = BeforeValidator(_channel)
"""Marks a field that names a channel."""


def no_such_channel(name: str, at: Source, report: Report) -> None:
    """Report a channel that is none, with what was probably meant."""
    known = known_channels()
    report.error("unknown-channel", at, f"there is no channel `{name.rpartition('@')[2]}`",
                 suggestion=did_you_mean(name.rpartition("@")[2], known) or "known: " + ", ".join(known),
                 length=len(name))  # fmt: skip


def is_translated(node: Node) -> bool:
    """A map whose keys are languages."""
    return isinstance(node, Map) and bool(node) and all(_LANGUAGE.fullmatch(key) for key in node)


class Wording(Kind):
    """A text, a list of variants, or either of them by language. `variants[""]` holds an untranslated one."""

    json_schema: ClassVar[dict[str, Any]] = _WORDING

    def __init__(self, variants: dict[str, tuple[Text, ...]], at: Source) -> None:
        self.variants = variants
        self.at = at

    @classmethod
    def parse(cls, node: Node, info: ValidationInfo) -> Wording:
        if is_translated(node):
            assert isinstance(node, Map)
            return cls({key: cls._texts(value, info) for key, value in node.items()}, node.at)
        if isinstance(node, Map):
            raise not_a_text(node, "a text", report_of(info))
        return cls({"": cls._texts(node, info)}, node.at)

    @classmethod
    def _texts(cls, node: Node, info: ValidationInfo) -> tuple[Text, ...]:
        if not isinstance(node, Seq):
            return (Text.parse(node, info),)
        if not node:
            report_of(info).error("missing-value", node.at, "the list of variants is empty")
            raise reported()
        _check_commas(node, info)
        return tuple(Text.parse(item, info) for item in node)

    def texts(self) -> list[Text]:
        return [text for variants in self.variants.values() for text in variants]


def _check_commas(node: Seq, info: ValidationInfo) -> None:
    """`[Извините, не понял.]` is two variants: in a list with brackets every comma begins another one."""
    for before, item in pairwise(node):
        if not (
            node.flow
            and isinstance(before, Scalar)
            and isinstance(item, Scalar)
            and before.plain
            and item.plain
        ):
            continue
        if item.text[:1].islower() and before.text[:1].isupper() and before.text[-1:] not in ".!?…":
            report_of(info).warning(
                "text-cut-short", item.at, "the comma cuts the text: this becomes a variant of its own",
                suggestion=quoted(f"{before.text}, {item.text}"), length=len(item.text),
            )  # fmt: skip


class Args(Kind):
    """Values by name."""

    json_schema: ClassVar[dict[str, Any]] = {"type": "object"}

    def __init__(self, values: dict[str, Data], positions: dict[str, Source], at: Source) -> None:
        self.values = values
        self.positions = positions
        self.at = at

    @classmethod
    def parse(cls, node: Node, info: ValidationInfo) -> Args:
        if not isinstance(node, Map):
            report_of(info).error("wrong-type", node.at, "a map of names and values is expected here")
            raise reported()
        return cls({key: Data(value) for key, value in node.items()}, dict(node.keys_at), node.at)


class ChannelsForm:
    """Messages by channel."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._check_channels, handler(source))

    @staticmethod
    def _check_channels(node: Any, inner: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        report = report_of(info)
        if not isinstance(node, Map):
            report.error("wrong-type", node.at, "a map of channels is expected here")
            raise reported()
        known = Map(node.at)
        for key, value in node.items():
            if is_channel(key):
                known.put(key, node.keys_at[key], value)
            else:
                no_such_channel(key, node.keys_at[key], report)
        return inner(known)


class Button(ScenarioModel):
    """A button: its label, or a map."""

    called = "a button"

    text: Annotated[Wording, Field(description="The label")]
    value: Annotated[Data | None, Field(description="What a press means: the slot's value")] = None
    flow: Annotated[Label | None, Field(description="The flow that a press starts")] = None
    args: Annotated[Args | None, Field(description="Values that the flow gets")] = None
    url: Annotated[Text | None, Field(description="The button opens this address")] = None
    request: Annotated[
        Literal["phone", "location"] | None, choice("phone", "location"),
        Field(description="The button asks the channel for the user's phone or place"),
    ] = None  # fmt: skip
    condition: Annotated[Expr | None, Field(alias="if", description="Shown only if this is true")] = None

    @classmethod
    def spread(cls, node: Node) -> Node:
        if isinstance(node, Scalar) or is_translated(node):
            full = Map(node.at)
            full.put("text", node.at, node)
            return full
        return node


class _ButtonsForm:
    """A list of buttons, or `choices`: the values that the question offers."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(
            self._check_buttons, handler.generate_schema(list[Button])
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        buttons = dict(handler(schema))
        buttons["items"] = {"anyOf": [_TEXT, buttons["items"]]}
        return {"anyOf": [{"const": "choices"}, buttons]}

    @staticmethod
    def _check_buttons(node: Any, inner: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        if isinstance(node, Scalar) and node.text == "choices":
            return "choices"
        if not isinstance(node, Seq):
            report_of(info).error("wrong-type", node.at, "a list of buttons, or `choices`, is expected here",
                                  suggestion=f"[{node.text}]" if isinstance(node, Scalar) else "")  # fmt: skip
            raise reported()
        return inner(node)


Buttons = Annotated[list[Button] | Literal["choices"], _ButtonsForm()]


class Spoken(ScenarioModel):
    """What messages and questions share."""

    buttons: Annotated[Buttons | None, Field(description="Buttons under the message")] = None
    image: Annotated[Text | None, Field(description="A picture below the robot's folder, or a URL")] = None
    file: Annotated[Text | None, Field(description="A file below the robot's folder, or a URL")] = None
    audio: Annotated[Text | None, Field(description="A recording below the robot's folder, or a URL")] = None
    voice: Annotated[
        Boolean | None, Field(description="Speak the text too, where people can listen to it")
    ] = None
    format: Annotated[
        Literal["plain", "markdown"], choice("plain", "markdown"), Field(description="How the text is read")
    ] = "plain"
    key: Annotated[Reference | None, Field(description="The words stand under `texts:` by this key")] = None
    channels: Annotated[
        dict[str, Message] | None, ChannelsForm(), Field(description="What replaces it in some channels")
    ] = None

    @property
    def wording(self) -> Wording | None:
        raise NotImplementedError


class Message(Spoken):
    """A message: a text, variants, texts by language, or a map with buttons and media."""

    called = "a message"

    text: Annotated[Wording | None, Field(description="The words")] = None

    @property
    def wording(self) -> Wording | None:
        return self.text

    @classmethod
    def spread(cls, node: Node) -> Node:
        return spread_words(node, "text")


class Question(Spoken):
    """What is asked: a text, variants, texts by language, or a map with `say`, buttons and media."""

    called = "a question"

    say: Annotated[Wording | None, Field(description="The words")] = None

    @property
    def wording(self) -> Wording | None:
        return self.say

    @classmethod
    def spread(cls, node: Node) -> Node:
        return spread_words(node, "say")


def spread_words(node: Node, key: str) -> Node:
    """The full form of a message given by its words only."""
    if isinstance(node, Scalar | Seq) or is_translated(node):
        full = Map(node.at)
        full.put(key, node.at, node)
        return full
    return node


for _model in (Message, Question):
    _model.model_rebuild()  # `channels` names `Message`, which the modules of their heirs do not know

MessageField = Annotated[Message, Short(_WORDING)]
QuestionField = Annotated[Question, Short(_WORDING)]
