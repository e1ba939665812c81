"""Expressions, templates and data of the models compiled one by one; whatever is wrong is reported where it stands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, TypeVar

from ses.scenario.compiling.names import Names
from ses.scenario.expressions.addresses import compile_url
from ses.scenario.expressions.compiled import (
    compile_condition,
    compile_expression,
    compile_plain_template,
    compile_template,
    compile_value,
)
from ses.scenario.findings.fault import Fault
from ses.scenario.findings.report import Report
from ses.scenario.findings.source import Source
from ses.scenario.findings.suggestions import similar
from ses.scenario.models.messages import Args
from ses.scenario.models.scalars import Data, Text
from ses.scenario.program.expressions import Expression, Template, Value
from ses.scenario.reading.nodes import Map, Node, Scalar, Seq, plain_data

T = TypeVar("T")


class Checked(NamedTuple):
    """A text that compiled, kept for the checks of the whole robot."""

    node: Scalar
    bare: bool
    """An expression without braces (or with braces round all of it), not a template."""
    owner: Source
    """The operation it belongs to."""
    role: str
    """`condition`, `check`, `template` or `value`."""
    slot: str
    """The slot it belongs to; empty for steps."""


class Pieces:
    """Compiles the small texts of one robot."""

    def __init__(self, names: Names, language: str, report: Report) -> None:
        self.names = names
        self.language = language
        self.report = report
        self.read: set[str] = set()
        """Names that anything reads."""
        self.checked: list[Checked] = []
        self.owner = Source("", 0, 0)
        """The operation that is being lowered."""
        self.slot = ""
        """The slot that is being compiled."""
        self.failed = compile_expression("none", language=language)
        """Stands for an expression whose fault is reported."""

    def condition(self, text: Text, extra: Collection[str] = (), role: str = "condition") -> Expression:
        """A bare expression, or one in braces."""
        compiled = self._attempt(text.node, lambda: compile_condition(str(text), language=self.language))
        if compiled is None:
            return self.failed
        self._keep(text.node, role, compiled.names, extra)
        return compiled

    def derived(self, source: str) -> Expression:
        """An expression that the compiler composed of one already checked."""
        return compile_expression(source, language=self.language)

    def template(self, text: Text, language: str = "", extra: Collection[str] = ()) -> Template:
        """A text for a reader."""
        return self._template(text, extra, lambda: compile_template(str(text), language or self.language))

    def url(self, text: Text) -> Template:
        return self._template(text, (), lambda: compile_url(str(text), language=self.language))

    def header(self, text: Text) -> Template:
        return self._template(text, (), lambda: compile_plain_template(str(text), self.language))

    def value(self, data: Data | Text, extra: Collection[str] = ()) -> Value:
        """Data, or a text that may hold `{{ }}`, as data. A `Text` stays text when nothing in it varies."""
        node = data.node
        raw = plain_data(node) if isinstance(data, Data) else str(data)
        try:
            compiled = compile_value(raw, language=self.language)
        except Fault as fault:
            self._report(fault, leaf(node, fault.path))
            return compile_value(None, language=self.language)
        self._keep(node, "value", compiled.names, extra)
        return compiled

    def template_of(self, source: str) -> Template:
        """A template that the compiler wrote."""
        return compile_template(source, self.language)

    def value_of(self, source: str) -> Value:
        """Data that the compiler wrote."""
        return compile_value(source, language=self.language)

    def values(self, args: Args | None) -> dict[str, Value]:
        return {name: self.value(data) for name, data in args.values.items()} if args else {}

    def items(self, text: Text) -> Value:
        """A bare expression as data (the list of a loop)."""
        self.condition(text)
        source = str(text).strip()
        if not source.startswith("{{"):
            source = "{{ " + source + " }}"
        try:
            return compile_value(source, language=self.language)
        except Fault:
            return compile_value(None, language=self.language)

    def _template(self, text: Text, extra: Collection[str], make: Callable[[], Template]) -> Template:
        compiled = self._attempt(text.node, make)
        if compiled is None:
            return compile_template("", self.language)
        self._keep(text.node, "template", compiled.names, extra)
        return compiled

    def _keep(self, node: Node, role: str, names: frozenset[str], extra: Collection[str]) -> None:
        self._known(names, node, extra)
        for scalar in scalars_of(node):
            bare = role in ("condition", "check")
            if bare or "{{" in scalar.text:
                self.checked.append(Checked(scalar, bare, self.owner, role, self.slot))

    def _attempt(self, node: Scalar, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except Fault as fault:
            self._report(fault, node)
            return None

    def _report(self, fault: Fault, node: Node) -> None:
        at = node.position(fault.offset) if isinstance(node, Scalar) else node.at
        self.report.error("bad-expression", at, fault.message, suggestion=fault.remedy)

    def _known(self, read: frozenset[str], node: Node, extra: Collection[str]) -> None:
        self.read |= read
        known = self.names.all
        for name in sorted(read):
            if name in known or name in extra:
                continue
            at = position_of_name(node, name)
            best = similar(name, {*known, *extra})
            self.report.error(
                "unknown-name", at, f"`{name}` is no slot, variable or table of this robot",
                suggestion=f"did you mean `{best}`?" if best else "declare it under `variables:`, or `set` it",
                length=len(name),
            )  # fmt: skip


def leaf(node: Any, path: Collection[str | int]) -> Any:
    """The part of a node that `path` leads to."""
    for step in path:
        match node, step:
            case Map(), str() if step in node:
                node = node[step]
            case Seq(), int() if step < len(node):
                node = node[step]
            case _:
                break
    return node


def position_of_name(node: Node, name: str) -> Source:
    """Where a name stands in an expression or template, as a word of its own."""
    for scalar in scalars_of(node):
        offset = _word(scalar.text, name)
        if offset >= 0:
            return scalar.position(offset)
    return node.at


def scalars_of(node: Node) -> list[Scalar]:
    if isinstance(node, Scalar):
        return [node]
    items = node.values() if isinstance(node, Mapping) else node
    return [scalar for item in items for scalar in scalars_of(item)]


def _word(text: str, name: str) -> int:
    start = 0
    inside = "{{" not in text
    while True:
        offset = text.find(name, start)
        if offset < 0:
            return -1
        before = text[offset - 1 : offset]
        after = text[offset + len(name) : offset + len(name) + 1]
        in_braces = inside or text.rfind("{{", 0, offset) > text.rfind("}}", 0, offset)
        if (
            in_braces
            and not (before.isalnum() or (before in ("_", ".", "'", '"') and before))
            and not (after.isalnum() or after == "_")
        ):
            return offset
        start = offset + 1
