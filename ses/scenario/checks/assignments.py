"""Types in `set`: operations on values that have none, and words that are no `true` and no `false`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ses.scenario.checks.types import known_types, of_data, type_of_slot
from ses.scenario.compiling.names import parts_of
from ses.scenario.compiling.robot import Compiled, good
from ses.scenario.expressions.inference import ANY, NAMES, Type, infer
from ses.scenario.findings.fault import Fault
from ses.scenario.findings.report import Report
from ses.scenario.models.messages import Args
from ses.scenario.models.scalars import NOT_BOOLEAN
from ses.scenario.models.steps.assignments import SetStep
from ses.scenario.models.steps.branches import SwitchStep
from ses.scenario.reading.nodes import Map, Node, Scalar, plain_data

_TAKES = {"add": "number", "append": "list", "remove": "list"}
"""What an operation changes."""
_OPERAND = {"add": "number", "remove": "number"}
_OPEN = frozenset({"any", "none"})


def check_assignments(compiled: Compiled, report: Report) -> None:
    """An operation of a wrong type fails when it runs; a variable that changes its type is rarely meant."""
    kinds = _declared(compiled)
    types = known_types(compiled)
    for part in parts_of(compiled.robot):
        if isinstance(part, SetStep):
            for name, data in part.set.values.items():
                kind = kinds.get(name, ANY)
                operation = _operation(data.node)
                if operation is not None and isinstance(data.node, Map):
                    _check_operation(name, kind, operation, data.node, types, report)
                elif name not in compiled.slots:
                    _check_constant(name, kind, data.node, report)
    _check_words(compiled, report)


def _operation(node: Node) -> str | None:
    key = next(iter(node)) if isinstance(node, Map) and len(node) == 1 else None
    return key if key in _TAKES else None


def _declared(compiled: Compiled) -> dict[str, Type]:
    """The types of slots, and of variables that nothing gives a value of another type."""
    kinds = {name: type_of_slot(compiled, slot) for name, slot in compiled.slots.items()}
    for name, variable in good(compiled.robot.variables).items():
        kinds[name] = of_data(plain_data(variable.value.node)) if variable.value is not None else ANY
    for part in parts_of(compiled.robot):
        if isinstance(part, SetStep):
            for name, data in part.set.values.items():
                if name not in compiled.slots and _makes_another(data.node, kinds):
                    kinds.pop(name, None)
        for name in _given_otherwise(part):
            if name not in compiled.slots:
                kinds.pop(name, None)
    return kinds


def _given_otherwise(part: object) -> Iterator[str]:
    save = getattr(part, "save", None)
    if isinstance(save, str):
        yield str(save)
    args = getattr(part, "args", None)
    if isinstance(args, Args):
        yield from args.values


def _makes_another(node: Node, kinds: dict[str, Type]) -> bool:
    """Whether a `set` surely gives a list, a map or nothing: the variable has no type of its own then."""
    if not isinstance(node, Scalar):
        return _operation(node) is None
    return _type_of(node, kinds).kind in ("list", "map", "none")


def _is_constant(node: Node) -> bool:
    return isinstance(node, Scalar) and "{{" not in node.text


def _check_operation(
    name: str, kind: Type, operation: str, node: Map, types: dict[str, Type], report: Report
) -> None:
    if kind.kind not in {*_OPEN, _TAKES[operation]}:
        report.error(
            "wrong-type", node.keys_at[operation], f"`{operation}` changes {NAMES[_TAKES[operation]]}, and `{name}` is {NAMES[kind.kind]}",
            suggestion=_other(kind.kind), length=len(operation),
        )  # fmt: skip
        return
    operand = node[operation]
    if operation in _OPERAND and isinstance(operand, Scalar):
        given = _type_of(operand, types)
        if given.kind not in {*_OPEN, "number"}:
            report.error("wrong-type", operand.at, f"`{operation}` takes a number, not {NAMES[given.kind]}",
                         length=max(len(operand.text), 1))  # fmt: skip


def _other(kind: str) -> str:
    if kind == "number":
        return "{add: 1}"
    return "{append: …}" if kind == "list" else "set the value itself"


def _type_of(node: Scalar, types: dict[str, Type]) -> Type:
    if "{{" not in node.text:
        return of_data(node.value())
    try:
        return infer(node.text, types)
    except Fault:  # a text with braces in it, or what is reported already
        return ANY


def _check_constant(name: str, kind: Type, node: Node, report: Report) -> None:
    """A number or a truth value that becomes a word; words that stand for `true` have a finding of their own."""
    if kind.kind not in ("number", "boolean") or not isinstance(node, Scalar) or not _is_constant(node):
        return
    if isinstance(node.value(), str) and node.text and not (node.plain and node.text in NOT_BOOLEAN):
        report.warning("doubtful", node.at, f"`{name}` is {NAMES[kind.kind]} elsewhere, and a text here",
                       suggestion="a number is written without quotes" if kind.kind == "number" else "true or false",
                       length=len(node.text))  # fmt: skip


def _check_words(compiled: Compiled, report: Report) -> None:
    """`agreed: yes` is a text in YAML 1.2: true in any `if`, `no` as well."""
    for name, node in _values(compiled):
        if (
            isinstance(node, Scalar)
            and node.plain
            and node.text in NOT_BOOLEAN
            and not _compared(compiled, name)
        ):
            meant = NOT_BOOLEAN[node.text]
            report.warning("doubtful", node.at, f"`{node.text}` is a text here, and a text is true in any `if`",
                           suggestion=f'write `{meant}`, or "{node.text}" in quotes for the text', length=len(node.text))  # fmt: skip


def _values(compiled: Compiled) -> Iterator[tuple[str, Node]]:
    """What names are given, but for slots: those know their type."""
    for name, variable in good(compiled.robot.variables).items():
        if variable.value is not None:
            yield name, variable.value.node
    for part in parts_of(compiled.robot):
        given = part.set if isinstance(part, SetStep) else getattr(part, "args", None)
        if isinstance(given, Args):
            yield from (
                (name, data.node) for name, data in given.values.items() if name not in compiled.slots
            )


def _compared(compiled: Compiled, name: str) -> bool:
    """Whether the text itself is meant: it is compared with one, or chooses a case of a `switch`."""
    comparison = re.compile(rf"\b{re.escape(name)}\s*(==|!=|(not\s+)?in\b)|(==|!=)\s*{re.escape(name)}\b")
    if any(comparison.search(checked.node.text) for checked in compiled.pieces.checked):
        return True
    return any(
        isinstance(part, SwitchStep) and str(part.switch).strip("{ }") == name
        for part in parts_of(compiled.robot)
    )
