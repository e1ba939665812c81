"""What all models share: they are made of nodes, know their position in the file, and report instead of raising.

Every fault goes to the report of the validation's context at once, with its position; the exception that tells
pydantic of it carries nothing. So one run finds all faults, and no error text is pydantic's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from ses.scenario.findings.report import Report
from ses.scenario.findings.source import Source
from ses.scenario.findings.suggestions import similar
from ses.scenario.reading.nodes import Map, Node, Scalar, Seq
from ses.scenario.reading.yaml_errors import quoted


def reported() -> PydanticCustomError:
    """Raised after a fault was reported."""
    return PydanticCustomError("reported", "reported")


def report_of(info: ValidationInfo) -> Report:
    return cast(Report, info.context)


def described(node: Node) -> str:
    """What a node is, for «…, not a list»."""
    if isinstance(node, Map):
        return "a map"
    if isinstance(node, Seq):
        return "a list"
    if node.empty:
        return "nothing"
    return "a text" if isinstance(node.value(), str) else f"`{node.text}`"


def not_a_text(node: Node, what: str, report: Report) -> PydanticCustomError:
    """Report a map or a list that stands where a text is expected, with the line as it should be."""
    suggestion = ""
    if isinstance(node, Map) and len(node) == 1:
        ((key, value),) = node.items()
        if isinstance(value, Scalar) and not node.flow:
            suggestion = quoted(f"{key}:" if value.empty else f"{key}: {value.text}")
    if isinstance(node, Map | Seq) and node.flow:
        suggestion = "a text that begins with `{` or `[` stands in quotes"
    report.error(
        "wrong-type", node.at, f"{what} is expected here, not {described(node)}", suggestion=suggestion
    )
    return reported()


def _text_before(node: Map, key: str) -> str:
    """In `{say: Привет, мир}` the text that the comma before `мир` cuts; empty when it is none."""
    keys = list(node)
    value = node[key]
    if not (node.flow and isinstance(value, Scalar) and value.empty) or keys.index(key) == 0:
        return ""
    before = node[keys[keys.index(key) - 1]]
    return before.text if isinstance(before, Scalar) and before.plain else ""


class ScenarioModel(BaseModel):
    """A map of the language with fixed keys."""

    # Built as parts of the whole (`Robot`, a test file), not once more each for itself.
    model_config = ConfigDict(
        extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True, defer_build=True
    )

    later: ClassVar[Mapping[str, str]] = {}
    """Keys of the language that this version does not run yet, and what they are."""
    called: ClassVar[str] = "this"
    """What it is, in messages: «`sey` is not a key of a slot»."""

    _at: Source = PrivateAttr(default=Source("", 1, 1))
    _keys_at: dict[str, Source] = PrivateAttr(default_factory=dict)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """An optional key whose fault is reported counts as not given, so that the rest is still checked."""
        schema = handler(source)
        inner: Any = schema
        while inner.get("type") == "function-wrap":
            inner = inner["schema"]
        if inner.get("type") == "model" and inner["schema"].get("type") == "model-fields":
            for field in inner["schema"]["fields"].values():
                if field["schema"].get("type") == "default":
                    field["schema"]["on_error"] = "default"
        return schema

    @property
    def at(self) -> Source:
        return self._at

    def key_at(self, key: str) -> Source:
        """Where the key was written (its map's position when it was not)."""
        return self._keys_at.get(key, self._at)

    def has(self, key: str) -> bool:
        """Whether the key was written."""
        return key in self._keys_at

    @classmethod
    def spread(cls, node: Node) -> Node:
        """The full form of a shorthand. Models with one override this."""
        return node

    @classmethod
    def keys(cls) -> dict[str, str]:
        """Key as authors write it → field."""
        return {field.alias or name: name for name, field in cls.model_fields.items()}

    @model_validator(mode="wrap")
    @classmethod
    def _from_node(cls, given: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if (
            type(given) is dict
        ):  # a recursive model is reached a second time, through pydantic's prebuilt validator
            return handler(given)
        report = report_of(info)
        node = cls.spread(given)
        if not isinstance(node, Map):
            known = ", ".join(f"`{key}`" for key in list(cls.keys())[:4])
            report.error(
                "wrong-type",
                node.at,
                f"{cls.called} is a map with keys such as {known}, not {described(node)}",
            )
            raise reported()
        cls._check_keys(node, report)
        known_keys = cls.keys()
        model = handler({key: value for key, value in node.items() if key in known_keys})
        model._at = node.at  # noqa: SLF001 - this is where models get their position
        model._keys_at = node.keys_at  # noqa: SLF001
        return model

    @classmethod
    def _check_keys(cls, node: Map, report: Report) -> None:
        known = cls.keys()
        for key in node:
            if key in known:
                continue
            at = node.keys_at[key]
            if key in cls.later:
                report.error("later", at, f"`{key}` is {cls.later[key]} that this version does not run yet",
                             suggestion="leave it out for now", length=len(key))  # fmt: skip
                continue
            before = _text_before(node, key)
            if before:
                report.error("text-cut-short", at, "the comma cuts the text: this becomes a key of its own",
                             suggestion=quoted(f"{before}, {key}"), length=len(key))  # fmt: skip
                continue
            best = similar(key, known)
            report.error(
                "unknown-key", at, f"`{key}` is not a key of {cls.called}",
                suggestion=f"did you mean `{best}`?" if best else "known here: " + ", ".join(known),
                length=len(key),
            )  # fmt: skip
        for key, name in known.items():
            if cls.model_fields[name].is_required() and key not in node:
                report.error("missing-key", node.at, f"{cls.called} lacks `{key}`")
