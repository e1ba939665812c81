"""The step `llm`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ses.scenario.compiling.lowering.assembly import Assembly
from ses.scenario.findings.source import Source
from ses.scenario.findings.suggestions import did_you_mean
from ses.scenario.models.scalars import Data, Reference
from ses.scenario.models.steps.generation import LlmBody
from ses.scenario.program.calls import Llm, Option
from ses.scenario.reading.nodes import Map, Node, Scalar, Seq, plain_data

TYPES: Mapping[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
}
"""The short names of types in `json:`."""
_SCHEMA_KEYS = frozenset(
    {"$schema", "$ref", "type", "properties", "items", "anyOf", "oneOf", "allOf", "enum"}
)


class Generation(Assembly):
    """Lowers questions to the language model."""

    def _llm(self, body: LlmBody, at: Source) -> None:
        pieces = self._pieces
        self._check_llm(body)
        prompt = pieces.template(body.prompt) if body.prompt is not None else None
        system = pieces.template(body.system) if body.system is not None else None
        options = tuple(
            Option(key, pieces.template(text) if text is not None else None)
            for key, text in (body.options.options if body.options is not None else {}).items()
        )
        save = str(body.save or "")
        fill = tuple(str(slot) for slot in body.fill or ())
        self._emit(
            Llm(
                id=self._id("llm"), at=at, prompt=prompt, system=system, history=body.history, options=options,
                tools=self._flows_named(body.tools), route=self._flows_named(body.route), fill=fill,
                form=self._form(body.form) if body.form is not None else None, stream=body.stream,
                max_tokens=body.max_tokens, temperature=body.temperature,
                timeout=body.timeout, private=body.private is not None,
                abort_on_input=body.abort is not None, save=save,
                reads=self._kept(prompt, system, *(option.text for option in options)),
                writes=frozenset({*fill, *([save] if save else ())}), leaves=True,
            )
        )  # fmt: skip

    def _check_llm(self, body: LlmBody) -> None:
        forms = [key for key in ("choice", "json", "route", "fill", "tools") if body.has(key)]
        if len(forms) > 1:
            self._bad(
                body, forms[1], f"`{forms[0]}` and `{forms[1]}` are two forms of one answer: give one of them"
            )
        for slot in body.fill or ():
            if slot not in self._context.slots:
                self._report.error("unknown-slot", slot.at, f"there is no slot `{slot}`",
                                   suggestion=did_you_mean(slot, self._context.slots), length=len(slot))  # fmt: skip
        if body.form is not None and body.save is None:
            self._bad(body, "json", "JSON is for the robot, not for its reader", "save: answer")
        if body.stream and any(key != "tools" for key in forms):
            self._bad(body, "stream", "an answer of a fixed form is not shown while it is being written")
        if body.max_tokens == 0:
            self._bad(body, "max_tokens", "an answer has one token or more")
        if not body.timeout:
            self._bad(body, "timeout", "an answer takes time", "timeout: 10s")

    def _flows_named(self, names: Sequence[Reference] | None) -> tuple[str, ...]:
        for name in names or ():
            if name not in self._context.flows:
                self._report.error("unknown-flow", name.at, f"there is no flow `{name}`",
                                   suggestion=did_you_mean(name, self._context.flows), length=len(name))  # fmt: skip
            self._context.called.append((self._name, str(name), name.at))
        return tuple(str(name) for name in names or ())

    def _bad(self, body: LlmBody, key: str, message: str, remedy: str = "") -> None:
        self._report.error("bad-value", body.key_at(key), message, suggestion=remedy, length=len(key))

    def _form(self, data: Data) -> Mapping[str, Any]:
        """The schema as it is, or made of a map of names and types."""
        node = data.node
        if not isinstance(node, Map) or not node:
            self._report.error("wrong-type", node.at, "`json` is a map of names and types, or a JSON Schema",
                               suggestion="json: {city: text, people: integer}")  # fmt: skip
            return {}
        if _SCHEMA_KEYS & node.keys() and not all(self._is_short(value) for value in node.values()):
            schema: dict[str, Any] = plain_data(node)
            return schema
        return {
            "type": "object",
            "properties": {name: self._typed(value) for name, value in node.items()},
            "required": list(node),
            "additionalProperties": False,
        }

    @staticmethod
    def _is_short(node: Node) -> bool:
        return isinstance(node, Scalar) and node.text in TYPES

    def _typed(self, node: Node) -> dict[str, Any]:
        """`text`, `[a, b]` (one of these), `{list: text}`."""
        if isinstance(node, Scalar) and node.text in TYPES:
            return TYPES[node.text]
        if isinstance(node, Seq) and node and all(isinstance(item, Scalar) for item in node):
            return {"type": "string", "enum": [item.text for item in node if isinstance(item, Scalar)]}
        if isinstance(node, Map) and set(node) == {"list"}:
            return {"type": "array", "items": self._typed(node["list"])}
        self._report.error(
            "bad-value", node.at, "a type in `json` is one of " + ", ".join(f"`{name}`" for name in TYPES)
            + ", a list of texts to choose from, or `{list: type}`", suggestion="text",
        )  # fmt: skip
        return {}
