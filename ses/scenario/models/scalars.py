"""The kinds of scalar of the language, each made of a node by what its field expects, not by what YAML guesses."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from ses.scenario.findings.source import Source
from ses.scenario.models.base_model import described, not_a_text, report_of, reported
from ses.scenario.reading.nodes import Map, Node, Scalar, Seq

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)")
_HOURS = re.compile(r"(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_IDENTIFIER = re.compile(r"[^\W\d]\w{0,63}")
_SIMPLE_NAME = re.compile(r"\w[\w-]{0,63}")
NOT_BOOLEAN = {"yes": "true", "on": "true", "y": "true", "True": "true", "TRUE": "true", "да": "true",
                "no": "false", "off": "false", "n": "false", "False": "false", "FALSE": "false", "нет": "false"}  # fmt: skip

RESERVED = frozenset(
    "true false none True False None not and or in is if else loop "
    "user session channel message event error robot page item value daypart now today".split()
)
"""Names that an expression reads as something else."""


class Kind:
    """A type with its own validator `parse` and its own JSON Schema."""

    json_schema: ClassVar[dict[str, Any]] = {}

    @classmethod
    def parse(cls, node: Node, info: ValidationInfo) -> Any:
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(cls.json_schema)


class Text(Kind, str):  # noqa: SLOT000 - it knows its node
    """A text as it was written (`1.50` stays `1.50`)."""

    what: ClassVar[str] = "a text"
    json_schema: ClassVar[dict[str, Any]] = {"type": ["string", "number", "boolean"]}
    node: Scalar

    @classmethod
    def of(cls, node: Scalar) -> Self:
        text = cls(node.text)
        text.node = node
        return text

    @property
    def at(self) -> Source:
        return self.node.at

    def position(self, offset: int) -> Source:
        """Where the character at `offset` stands."""
        return self.node.position(offset)

    @classmethod
    def parse(cls, node: Node, info: ValidationInfo) -> Any:
        report = report_of(info)
        if not isinstance(node, Scalar):
            raise not_a_text(node, cls.what, report)
        if node.empty:
            report.error("missing-value", node.at, f"{cls.what} is missing after the colon",
                         suggestion='write `""` for an empty text')  # fmt: skip
            raise reported()
        return cls.of(node)


class Expr(Text):
    """An expression: bare, or with `{{ }}` round all of it."""

    what: ClassVar[str] = "an expression"


class Pattern(Text):
    """A pattern of words."""

    what: ClassVar[str] = "a pattern"
    json_schema: ClassVar[dict[str, Any]] = {"type": "string"}


class Reference(Text):
    """The name of something defined elsewhere."""

    what: ClassVar[str] = "a name"
    json_schema: ClassVar[dict[str, Any]] = {"type": "string"}


class Name(Text):
    """A name that expressions read: a letter, then letters, digits and `_`."""

    what: ClassVar[str] = "a name"
    json_schema: ClassVar[dict[str, Any]] = {"type": "string", "pattern": r"^[^\W\d]\w*$"}

    @classmethod
    def parse(cls, node: Node, info: ValidationInfo) -> Any:
        name = super().parse(node, info)
        check_identifier(name, node.at, info)
        return name


class Label(Text):
    """A name that only the robot's files use: letters, digits, `_` and `-`."""

    what: ClassVar[str] = "a name"
    json_schema: ClassVar[dict[str, Any]] = {"type": "string", "pattern": r"^\w[\w-]*$"}

    @classmethod
    def parse(cls, node: Node, info: ValidationInfo) -> Any:
        name = super().parse(node, info)
        check_simple_name(name, node.at, info)
        return name


def check_identifier(name: str, at: Source, info: ValidationInfo) -> None:
    """Report a name that expressions could not read."""
    if not _IDENTIFIER.fullmatch(name):
        report_of(info).error(
            "bad-name", at, f"`{name}` is not a name: a letter, then letters, digits and `_`, at most 64",
            suggestion=re.sub(r"\W+", "_", name).strip("_"), length=len(name),
        )  # fmt: skip
        raise reported()
    if name in RESERVED:
        report_of(info).error("bad-name", at, f"`{name}` means something else in expressions",
                              suggestion=f"{name}_", length=len(name))  # fmt: skip
        raise reported()


def check_simple_name(name: str, at: Source, info: ValidationInfo) -> None:
    if not _SIMPLE_NAME.fullmatch(name):
        report_of(info).error(
            "bad-name", at, f"`{name}` is not a name: letters, digits, `_` and `-`, at most 64",
            suggestion=re.sub(r"[^\w-]+", "_", name).strip("_"), length=len(name),
        )  # fmt: skip
        raise reported()


class Flag(Kind):
    """`true` or `false`."""

    json_schema: ClassVar[dict[str, Any]] = {"type": "boolean"}

    @classmethod
    def parse(cls, node: Node, info: ValidationInfo) -> bool:
        value = node.value() if isinstance(node, Scalar) else None
        if isinstance(value, bool):
            return value
        shown = f"`{node.text}`" if isinstance(node, Scalar) and node.text else described(node)
        meant = NOT_BOOLEAN.get(node.text, "") if isinstance(node, Scalar) else ""
        report_of(info).error(
            "wrong-type", node.at, f"`true` or `false` is expected here, not {shown}",
            suggestion=f"write `{meant}`" if meant else "", length=len(node.text) if isinstance(node, Scalar) else 1,
        )  # fmt: skip
        raise reported()


class Whole(Kind):
    """A whole number from 0."""

    json_schema: ClassVar[dict[str, Any]] = {"type": "integer", "minimum": 0}

    @classmethod
    def parse(cls, node: Node, info: ValidationInfo) -> int:
        value = node.value() if isinstance(node, Scalar) else None
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000_000:
            return value
        report_of(info).error(
            "wrong-type", node.at, f"a whole number from 0 is expected here, not {described(node)}"
        )
        raise reported()


class Share(Kind):
    """A number from 0 to 1."""

    json_schema: ClassVar[dict[str, Any]] = {"type": "number", "minimum": 0, "maximum": 1}

    @classmethod
    def parse(cls, node: Node, info: ValidationInfo) -> float:
        value = node.value() if isinstance(node, Scalar) else None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
        report_of(info).error(
            "wrong-type", node.at, f"a number from 0 to 1 is expected here, not {described(node)}"
        )
        raise reported()


class Seconds(Kind):
    """A duration: `500ms`, `1.2s`, `30m`, `2h`, `7d`, or `0`."""

    json_schema: ClassVar[dict[str, Any]] = {
        "anyOf": [{"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*(ms|s|m|h|d)$"}, {"const": 0}]
    }

    @classmethod
    def parse(cls, node: Node, info: ValidationInfo) -> float:
        if isinstance(node, Scalar):
            match = _DURATION.fullmatch(node.text)
            if match and len(match[1]) <= 9:
                return float(match[1]) * _SECONDS[match[2]]
            if node.text == "0":
                return 0.0
        number = isinstance(node, Scalar) and isinstance(node.value(), int | float)
        report_of(info).error(
            "wrong-type", node.at, f"a duration such as `30s`, `5m`, `2h` or `1d` is expected here, not {described(node)}",
            suggestion=f"{node.text}s" if number and isinstance(node, Scalar) else "",
        )  # fmt: skip
        raise reported()


class Hours(Kind):
    """A part of each day, `21:00-09:00`: minutes since midnight of its beginning and end."""

    json_schema: ClassVar[dict[str, Any]] = {"type": "string", "pattern": r"^\d\d?:\d\d-\d\d?:\d\d$"}

    @classmethod
    def parse(cls, node: Node, info: ValidationInfo) -> tuple[int, int]:
        match = _HOURS.fullmatch(node.text) if isinstance(node, Scalar) else None
        if match:
            start, stop = (int(match[n]) * 60 + int(match[n + 1]) for n in (1, 3))
            if start != stop and max(start, stop) < 24 * 60 and int(match[2]) < 60 and int(match[4]) < 60:
                return start, stop
        report_of(info).error(
            "wrong-type", node.at, f"hours such as `21:00-09:00` are expected here, not {described(node)}"
        )
        raise reported()


Boolean = Annotated[bool, Flag()]
WholeNumber = Annotated[int, Whole()]
Fraction = Annotated[float, Share()]
Time = Annotated[float, Seconds()]
"""In seconds."""
DayHours = Annotated[tuple[int, int], Hours()]
"""Minutes since midnight."""


class Data(Kind):
    """Any data: texts may hold `{{ }}`; a lone `{{ expression }}` is the value itself."""

    json_schema: ClassVar[dict[str, Any]] = {}

    def __init__(self, node: Node) -> None:
        self.node = node

    @property
    def at(self) -> Source:
        return self.node.at

    @classmethod
    def parse(cls, node: Node, info: ValidationInfo) -> Data:
        return cls(node)


class OneOrMany:
    """One item may stand where a list is expected."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._as_list, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        many = handler(schema)
        forms = many.get("anyOf", [many])
        lists = [handler.resolve_ref_schema(form) for form in forms]
        return {"anyOf": [*(one["items"] for one in lists if "items" in one), *forms]}

    @staticmethod
    def _as_list(node: Any) -> Any:
        return Seq(node.at, [node]) if isinstance(node, Scalar | Map) else node
