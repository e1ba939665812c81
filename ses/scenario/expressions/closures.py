"""From the tree of an expression to a Python function of a scope.

The tree is walked once, at load; every node becomes a closure over the closures of its parts. A node that is not
named here does not compile: this file is the allow-list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from jinja2 import nodes

from ses.errors import StepError
from ses.scenario.expressions import access, sequences
from ses.scenario.expressions import operations as do
from ses.scenario.expressions.callee import Callee
from ses.scenario.expressions.filters import FILTERS
from ses.scenario.expressions.functions import FUNCTIONS, now
from ses.scenario.expressions.inflection import CASES
from ses.scenario.findings.fault import Fault
from ses.scenario.findings.suggestions import nearest_or_all
from ses.scenario.words.lexicon import russian

Scope = Mapping[str, Any]
Run = Callable[[Scope], Any]

MAX_DEPTH = 100
"""Nodes within nodes."""

_SAMPLE = datetime.fromisoformat("2026-01-31T09:30")
_BINARY: dict[type[nodes.Expr], Callable[[Any, Any], Any]] = {
    nodes.Add: do.add,
    nodes.Sub: do.subtract,
    nodes.Mul: do.multiply,
    nodes.Div: do.divide,
    nodes.Mod: do.modulo,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda left, right: bool(left < right),
    "lteq": lambda left, right: bool(left <= right),
    "gt": lambda left, right: bool(left > right),
    "gteq": lambda left, right: bool(left >= right),
}
_REFUSED: dict[type[nodes.Expr], tuple[str, str]] = {
    nodes.Pow: ("'**' is no part of the language", "multiply"),
    nodes.FloorDiv: ("'//' is no part of the language", "write round(a / b)"),
    nodes.Concat: ("'~' is no part of the language", "put the values into a text: '{{ a }} {{ b }}'"),
    nodes.Test: ("'is' is no part of the language", "compare with '==': x == none"),
    nodes.Tuple: ("a comma stands outside a list", "write a list in square brackets: [a, b]"),
}


class Compiler:
    """Compiles trees; gathers the names they read."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.names: set[str] = set()
        self._depth = 0

    def compile(self, node: nodes.Expr) -> Run:
        """Raises `Fault` for what is no part of the language."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Fault("the expression is nested too deeply", node.lineno, "compute a part with 'set' first")
        try:
            return self._node(node)
        finally:
            self._depth -= 1

    def _node(self, node: nodes.Expr) -> Run:
        if isinstance(node, nodes.Name):
            return self._name(node)
        if isinstance(node, nodes.Const):
            return _constant(_checked(node))
        if isinstance(node, nodes.Getattr):
            return self._field(node)
        if isinstance(node, nodes.Getitem):
            return self._item(node)
        if isinstance(node, nodes.Compare):
            return self._compare(node)
        if isinstance(node, nodes.And | nodes.Or):
            return self._logic(node)
        if isinstance(node, nodes.Not):
            inner = self.compile(node.node)
            return lambda scope: not inner(scope)
        if isinstance(node, nodes.CondExpr):
            return self._inline_if(node)
        if isinstance(node, nodes.Filter):
            return self._filter(node)
        if isinstance(node, nodes.Call):
            return self._call(node)
        if isinstance(node, nodes.List):
            items = [self.compile(one) for one in node.items]
            return lambda scope: [one(scope) for one in items]
        if isinstance(node, nodes.Dict):
            return self._map(node)
        if isinstance(node, nodes.Neg):
            operand = self.compile(node.node)
            return lambda scope: do.negative(operand(scope))
        operation = _BINARY.get(type(node))
        if operation is not None and isinstance(node, nodes.BinExpr):
            left, right = self.compile(node.left), self.compile(node.right)
            return lambda scope: operation(left(scope), right(scope))
        message, remedy = _REFUSED.get(
            type(node), (f"'{type(node).__name__.lower()}' is no part of the language", "")
        )
        raise Fault(message, node.lineno, remedy)

    def _name(self, node: nodes.Name) -> Run:
        name = node.name
        if name in ("null", "nil"):
            raise Fault(f"'{name}' is not a word of the language", node.lineno, "write none")
        self.names.add(name)
        return lambda scope: scope.get(name)

    def _field(self, node: nodes.Getattr) -> Run:
        name, get = node.attr, access.field
        if isinstance(node.node, nodes.Name):
            base = node.node.name
            self._name(node.node)
            return lambda scope: get(scope.get(base), name)
        inner = self.compile(node.node)
        return lambda scope: get(inner(scope), name)

    def _item(self, node: nodes.Getitem) -> Run:
        if isinstance(node.arg, nodes.Slice):
            return self._slice(node.node, node.arg)
        get, whole, index = access.item, self.compile(node.node), self.compile(node.arg)
        return lambda scope: get(whole(scope), index(scope))

    def _slice(self, of: nodes.Expr, places: nodes.Slice) -> Run:
        if places.step is not None:
            raise Fault("a slice has no step", places.lineno, "write list[1:3]")
        whole, cut = self.compile(of), sequences.cut
        start, stop = (
            _constant(None) if one is None else self.compile(one) for one in (places.start, places.stop)
        )
        return lambda scope: cut(whole(scope), start(scope), stop(scope))

    def _compare(self, node: nodes.Compare) -> Run:
        if len(node.ops) > 1:
            raise Fault("comparisons are chained", node.lineno, "join two of them with 'and'")
        sign, left, right = node.ops[0].op, self.compile(node.expr), self.compile(node.ops[0].expr)
        if sign == "eq":
            return lambda scope: access.equal(left(scope), right(scope))
        if sign == "ne":
            return lambda scope: not access.equal(left(scope), right(scope))
        if sign == "in":
            return lambda scope: access.contains(left(scope), right(scope))
        if sign == "notin":
            return lambda scope: not access.contains(left(scope), right(scope))
        order = _ORDER[sign]
        return lambda scope: order(*access.comparable(left(scope), right(scope)))

    def _logic(self, node: nodes.And | nodes.Or) -> Run:
        left, right = self.compile(node.left), self.compile(node.right)
        if isinstance(node, nodes.And):
            return lambda scope: left(scope) and right(scope)
        return lambda scope: left(scope) or right(scope)

    def _inline_if(self, node: nodes.CondExpr) -> Run:
        test, then = self.compile(node.test), self.compile(node.expr1)
        other: Run = self.compile(node.expr2) if node.expr2 is not None else _constant(None)
        return lambda scope: then(scope) if test(scope) else other(scope)

    def _map(self, node: nodes.Dict) -> Run:
        pairs: list[tuple[Run, Run]] = [
            (self.compile(pair.key), self.compile(pair.value)) for pair in node.items
        ]

        def build(scope: Scope) -> dict[str, Any]:
            return {access.key_text(key(scope)): value(scope) for key, value in pairs}

        return build

    def _call(self, node: nodes.Call) -> Run:
        if not isinstance(node.node, nodes.Name):
            raise Fault(
                "only functions of the language can be called",
                node.lineno,
                f"they are: {', '.join(FUNCTIONS)}",
            )
        name = node.node.name
        callee = FUNCTIONS.get(name)
        if callee is None:
            raise Fault(f"there is no function '{name}'", node.node.lineno, nearest_or_all(name, FUNCTIONS))
        arguments = self._arguments(node, callee, f"{name}()")
        run = callee.run
        if callee.timed:
            return lambda scope: run(now(scope))
        if len(arguments) == 1:
            only = arguments[0]
            return lambda scope: run(only(scope))
        return lambda scope: run(*[argument(scope) for argument in arguments])

    def _filter(self, node: nodes.Filter) -> Run:
        callee = FILTERS.get(node.name)
        if callee is None:
            raise Fault(f"there is no filter '{node.name}'", node.lineno, nearest_or_all(node.name, FILTERS))
        assert node.node is not None
        value, arguments = self.compile(node.node), self._arguments(node, callee, f"'{node.name}'")
        self._check_constants(node)
        language, run = self.language, callee.run
        if node.name == "default":
            return _default(value, arguments[0])
        if node.name == "date" and not arguments:
            return lambda scope: run(language, value(scope))
        return lambda scope: run(language, value(scope), *[argument(scope) for argument in arguments])

    def _check_constants(self, node: nodes.Filter) -> None:
        """What can be seen to be wrong before anything runs."""
        given = [argument.value for argument in node.args if isinstance(argument, nodes.Const)]
        if node.name == "case" and given:
            if given[0] not in CASES:
                remedy = ", ".join(f"{name} ({question})" for name, question in CASES.items())
                raise Fault(f"there is no case '{given[0]}'", node.args[0].lineno, f"the cases are {remedy}")
            if self.language.startswith("ru"):
                russian()  # the dictionary is read now, not in a conversation
        if node.name == "date" and given:
            try:
                FILTERS["date"].run(self.language, _SAMPLE, given[0])
            except StepError as error:
                raise Fault(
                    str(error), node.args[0].lineno, "letters are d MMMM y EEEE HH mm; put texts into '…'"
                ) from None

    def _arguments(self, node: nodes.Call | nodes.Filter, callee: Callee, what: str) -> list[Run]:
        if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
            raise Fault(f"{what} takes no named arguments", node.lineno, f"write {callee.usage}")
        if not callee.least <= len(node.args) <= callee.most:
            raise Fault(f"{what} is given {len(node.args)} arguments", node.lineno, f"write {callee.usage}")
        return [self.compile(argument) for argument in node.args]


def _constant(value: Any) -> Run:
    return lambda scope: value


def _checked(node: nodes.Const) -> Any:
    value = node.value
    if do.is_number(value) and not -do.MAX_NUMBER <= value <= do.MAX_NUMBER:
        raise Fault("the number is too large", node.lineno)
    return value


def _default(value: Run, other: Run) -> Run:
    def default(scope: Scope) -> Any:
        try:
            found = value(scope)
        except do.EmptyError:
            found = None
        return other(scope) if found is None else found

    return default
