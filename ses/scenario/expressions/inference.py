"""Types of expressions, as far as they can be told before anything runs.

The checker gives the types of names it knows; what is unknown is `any` and fits everything. A `TypeProblem` is raised
only for what cannot go well: a comparison of a text with a number, a key that a list entity does not have.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from jinja2 import nodes

from ses.scenario.expressions.compiled import condition_tree
from ses.scenario.expressions.filters import FILTERS
from ses.scenario.expressions.functions import FUNCTIONS
from ses.scenario.expressions.types import (
    ANY,
    BOOLEAN,
    DATETIME,
    MONEY,
    NAMES,
    NONE,
    NUMBER,
    TEXT,
    Type,
    type_of_entity,
)
from ses.scenario.findings.fault import Fault
from ses.scenario.findings.suggestions import nearest_or_all

__all__ = [
    "ANY",
    "BOOLEAN",
    "MONEY",
    "NAMES",
    "NONE",
    "NUMBER",
    "TEXT",
    "Type",
    "TypeProblem",
    "infer",
    "type_of_entity",
]


class TypeProblem(Fault):
    """Types that do not go together."""


_LIKE_TEXT = frozenset({"text", "choice"})
_TEMPORAL = frozenset({"date", "time", "datetime"})
_DATE_FIELDS: dict[str, Collection[str]] = {
    "date": ("year", "month", "day"),
    "datetime": ("year", "month", "day", "hour", "minute", "date", "time"),
    "time": ("hour", "minute"),
    "choice": ("key", "label"),
}


def infer(expression: str, types: Mapping[str, Type]) -> Type:
    """The type of an expression (bare or in braces). Raises `TypeProblem`, or `Fault` if it does not parse."""
    return _Inference(types).type_of(condition_tree(expression))


_NO_LIST = ("text", "number", "boolean", "date", "time", "datetime", "duration")


class _Inference:
    def __init__(self, types: Mapping[str, Type]) -> None:
        self.types = types

    def type_of(self, node: nodes.Expr | None) -> Type:
        if isinstance(node, nodes.Name):
            return self.types.get(node.name, ANY)
        if isinstance(node, nodes.Const):
            return _of_constant(node.value)
        if isinstance(node, nodes.Getattr):
            return self._field(node)
        if isinstance(node, nodes.Getitem):
            return self._item(node)
        if isinstance(node, nodes.Compare):
            return self._compare(node)
        if isinstance(node, nodes.And | nodes.Or):
            return _either(self.type_of(node.left), self.type_of(node.right))
        if isinstance(node, nodes.CondExpr):
            self.type_of(node.test)
            return _either(
                self.type_of(node.expr1), self.type_of(node.expr2) if node.expr2 is not None else NONE
            )
        if isinstance(node, nodes.List):
            return self._list(node)
        if isinstance(node, nodes.Dict):
            return Type(
                "map",
                fields={
                    pair.key.value: self.type_of(pair.value)
                    for pair in node.items
                    if isinstance(pair.key, nodes.Const)
                },
            )
        if isinstance(node, nodes.Filter):
            return self._filter(node)
        if isinstance(node, nodes.Call):
            return self._call(node)
        if isinstance(node, nodes.UnaryExpr):
            operand = self.type_of(node.node)
            return BOOLEAN if isinstance(node, nodes.Not) else operand
        return self._arithmetic(node) if isinstance(node, nodes.BinExpr) else ANY

    def _call(self, node: nodes.Call) -> Type:
        for argument in node.args:
            self.type_of(argument)
        if isinstance(node.node, nodes.Name) and node.node.name in FUNCTIONS:
            return _kind(FUNCTIONS[node.node.name].gives)
        return ANY

    def _list(self, node: nodes.List) -> Type:
        items = [self.type_of(one) for one in node.items]
        same = items and all(item.kind == items[0].kind for item in items)
        return Type("list", item=Type(items[0].kind) if same else ANY)

    def _filter(self, node: nodes.Filter) -> Type:
        value = self.type_of(node.node)
        for argument in node.args:
            self.type_of(argument)
        if node.name == "default":
            return _either(value, self.type_of(node.args[0])) if node.args else value
        if node.name in ("plural", "round") and value.kind in ("list", "date", "time", "datetime", "boolean"):
            raise TypeProblem(f"'{node.name}' counts a number, not {NAMES[value.kind]}", node.lineno)
        if node.name == "date" and value.kind in ("number", "boolean", "list", "choice", "duration"):
            raise TypeProblem(f"'date' takes a date, not {NAMES[value.kind]}", node.lineno)
        if node.name == "date":
            _check_form(node, value)
        if node.name == "money" and value.kind in (
            "list",
            "date",
            "time",
            "datetime",
            "boolean",
            "choice",
            "duration",
        ):
            raise TypeProblem(f"'money' takes a number, not {NAMES[value.kind]}", node.lineno)
        if node.name in ("sort", "map") and value.kind in _NO_LIST:
            raise TypeProblem(f"'{node.name}' takes a list, not {NAMES[value.kind]}", node.lineno)
        if node.name in ("split", "replace") and value.kind in (*_NO_LIST, "list") and value.kind != "text":
            raise TypeProblem(f"'{node.name}' takes a text, not {NAMES[value.kind]}", node.lineno)
        if node.name == "sort":
            return value
        if node.name == "join" and value.kind in ("number", "text", "boolean", "date"):
            raise TypeProblem(f"'join' takes a list, not {NAMES[value.kind]}", node.lineno)
        return _kind(FILTERS[node.name].gives) if node.name in FILTERS else ANY

    def _field(self, node: nodes.Getattr) -> Type:
        whole = self.type_of(node.node)
        if whole.kind == "map" and whole.fields is not None:
            if node.attr in whole.fields:
                return whole.fields[node.attr]
            if whole.closed:
                raise TypeProblem(
                    f"there is no field '{node.attr}'",
                    node.lineno + 1,
                    nearest_or_all(node.attr, whole.fields),
                )
        elif whole.kind in _DATE_FIELDS:
            known = _DATE_FIELDS[whole.kind]
            if whole.kind == "choice" and whole.keys is None:
                return ANY  # `choices` have fields of their own
            if node.attr not in known:
                raise TypeProblem(
                    f"{NAMES[whole.kind]} has no field '{node.attr}'",
                    node.lineno + 1,
                    nearest_or_all(node.attr, known),
                )
            return (
                TEXT
                if whole.kind == "choice"
                else NUMBER
                if node.attr not in ("date", "time")
                else _kind(node.attr)
            )
        elif whole.kind in ("text", "number", "boolean", "list", "duration"):
            raise TypeProblem(f"{NAMES[whole.kind]} has no fields", node.lineno, "")
        return ANY

    def _item(self, node: nodes.Getitem) -> Type:
        if isinstance(node.arg, nodes.Slice):
            return self._slice(node.node, node.arg)
        whole, index = self.type_of(node.node), self.type_of(node.arg)
        if whole.kind in ("number", "boolean", "date", "time", "datetime", "duration"):
            raise TypeProblem(f"{NAMES[whole.kind]} has no parts", node.lineno)
        if whole.kind == "list":
            if index.kind not in ("number", "any"):
                raise TypeProblem(f"a place in a list is a number, not {NAMES[index.kind]}", node.lineno)
            return whole.item or ANY
        if whole.kind == "map" and whole.fields is not None and index.constant is not None:
            if index.constant in whole.fields:
                return whole.fields[index.constant]
            if whole.closed:
                raise TypeProblem(
                    f"there is no key '{index.constant}'",
                    node.arg.lineno,
                    nearest_or_all(index.constant, whole.fields),
                )
        return ANY

    def _slice(self, of: nodes.Expr, places: nodes.Slice) -> Type:
        whole = self.type_of(of)
        if whole.kind not in ("text", "list", "any", "none"):
            raise TypeProblem(f"{NAMES[whole.kind]} has no slices", of.lineno)
        for place in (places.start, places.stop):
            if place is not None and (kind := self.type_of(place).kind) not in ("number", "any", "none"):
                raise TypeProblem(f"a place in a slice is a number, not {NAMES[kind]}", place.lineno)
        return TEXT if whole.kind == "text" else whole

    def _compare(self, node: nodes.Compare) -> Type:
        left = self.type_of(node.expr)
        for operand in node.ops:
            right = self.type_of(operand.expr)
            if operand.op in ("in", "notin"):
                self._check_in(left, right, operand.expr)
            else:
                self._check_order(left, right, operand.op in ("eq", "ne"), operand.expr)
            left = right
        return BOOLEAN

    def _check_order(self, left: Type, right: Type, equality: bool, at: nodes.Expr) -> None:
        _check_key(left, right, at)
        _check_key(right, left, at)
        first, second = left.kind, right.kind
        if "any" in (first, second) or (equality and "none" in (first, second)):
            return
        if first == second or (first in _LIKE_TEXT and second in _LIKE_TEXT):
            if not equality and first in ("map", "boolean", "list", "none"):
                raise TypeProblem(f"{NAMES[first]} has no order", at.lineno, "compare with '=='")
            return
        if {first, second} <= {"date", "datetime"} or (
            (first in _TEMPORAL and second == "text") or (second in _TEMPORAL and first == "text")
        ):
            return
        if first == "choice" or second == "choice":
            other = second if first == "choice" else first
            raise TypeProblem(
                f"a list value is compared with {NAMES[other]}",
                at.lineno,
                "compare it with a key: size == 'large'",
            )
        raise TypeProblem(
            f"{NAMES[first]} is compared with {NAMES[second]}", at.lineno, _remedy(first, second)
        )

    def _check_in(self, needle: Type, hay: Type, at: nodes.Expr) -> None:
        if hay.kind in ("number", "boolean", "date", "time", "datetime", "duration"):
            raise TypeProblem(
                f"nothing can be looked for in {NAMES[hay.kind]}", at.lineno, "'in' takes a list"
            )
        if hay.kind in _LIKE_TEXT and needle.kind not in ("text", "choice", "any"):
            raise TypeProblem(f"{NAMES[needle.kind]} cannot be looked for in a text", at.lineno)
        if isinstance(at, nodes.List):
            for one in at.items:
                self._check_order(needle, self.type_of(one), True, one)

    def _arithmetic(self, node: nodes.BinExpr) -> Type:
        left, right = self.type_of(node.left), self.type_of(node.right)
        first, second = left.kind, right.kind
        if "any" in (first, second):
            return (
                NUMBER
                if isinstance(node, nodes.Mul | nodes.Div | nodes.Mod) and "duration" not in (first, second)
                else ANY
            )
        if first == second == "number":
            return NUMBER
        if isinstance(node, nodes.Add) and (
            (first in _LIKE_TEXT and second in _LIKE_TEXT) or first == second == "list"
        ):
            return TEXT if first in _LIKE_TEXT else left
        if (
            isinstance(node, nodes.Add | nodes.Sub)
            and (first in _TEMPORAL or first in ("text", "duration"))
            and second == "duration"
        ):
            return DATETIME if first == "text" else ANY if first == "date" else left
        if isinstance(node, nodes.Add) and first == "duration" and second in _TEMPORAL:
            return ANY if second == "date" else right
        if isinstance(node, nodes.Sub) and first in _TEMPORAL and second in _TEMPORAL:
            return Type("duration")
        if isinstance(node, nodes.Mul | nodes.Div) and {first, second} == {"duration", "number"}:
            return Type("duration")
        if isinstance(node, nodes.Div) and first == second == "duration":
            return NUMBER
        raise TypeProblem(
            f"'{node.operator}' cannot join {NAMES[first]} and {NAMES[second]}",
            node.right.lineno,
            _remedy(first, second),
        )


def _check_key(one: Type, other: Type, at: nodes.Expr) -> None:
    """A list value compared with a text that is none of its keys is never equal."""
    if (
        one.kind == "choice"
        and one.keys is not None
        and other.constant is not None
        and other.constant not in one.keys
    ):
        raise TypeProblem(
            f"'{other.constant}' is no key of this list", at.lineno, nearest_or_all(other.constant, one.keys)
        )


_LETTERS = re.compile(r"'[^']*'|([dMyEHms])\1*")
_OF_DATE, _OF_TIME = frozenset("dMyE"), frozenset("Hms")


def _check_form(node: nodes.Filter, value: Type) -> None:
    """The letters of a date's form are of what the value has; letters that nothing has are found when it is compiled."""
    form = node.args[0] if node.args else None
    if not isinstance(form, nodes.Const) or not isinstance(form.value, str):
        return
    found = [match for match in _LETTERS.finditer(form.value) if match[1] is not None]
    letters = {match[1] for match in found}
    swapped = "m" in letters and not letters & {"M", "H"} and letters & {"d", "y"}
    for match in found:
        letter, at = match[1], form.lineno + 1 + match.start()
        if (value.kind == "date" and letter in _OF_TIME) or (swapped and letter == "m"):
            remedy = f"'{match[0].upper()}' is the month, '{match[0]}' the minutes" if letter == "m" else ""
            raise TypeProblem(f"a date has no '{match[0]}'", at, remedy)
        if value.kind == "time" and letter in _OF_DATE:
            remedy = f"'{match[0].lower()}' is the minutes" if letter == "M" else ""
            raise TypeProblem(f"a time has no '{match[0]}'", at, remedy)


def _remedy(first: str, second: str) -> str:
    if {first, second} == {"text", "number"}:
        return "a number is written without quotes; number(text) makes one of a text"
    if "map" in (first, second) and "number" in (first, second):
        return "take one of its fields, for example  .amount"
    if "duration" in (first, second) and "number" in (first, second):
        return "write days(1), hours(1) or minutes(1)"
    return ""


def _of_constant(value: object) -> Type:
    if value is None:
        return NONE
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int | float):
        return NUMBER
    return Type("text", constant=str(value))


def _either(left: Type, right: Type) -> Type:
    if left.kind == right.kind:
        return left if left == right else Type(left.kind)
    if left.kind == "none":
        return right
    return left if right.kind == "none" else ANY


def _kind(name: str) -> Type:
    return Type(name) if name in NAMES else ANY  # type: ignore[arg-type]
