"""Expressions, templates and data with templates in them, compiled once when a robot is loaded.

    compile_expression  `n > 3`                      the value with its type
    compile_condition   the same, or `{{ n > 3 }}`   for `if`, `check`, `each` …
    compile_template    `Итого {{ total }} ₽`        a text for a reader
    compile_value       {"sum": "{{ total }}"}       data: a lone `{{ }}` is the value itself, mixed text is plain

All raise `Fault`. A string that came from data is never compiled: these are called on robots' files only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import nodes

from ses.errors import StepError
from ses.scenario.expressions.closures import Compiler, Run, Scope
from ses.scenario.expressions.functions import NOW
from ses.scenario.expressions.operations import MAX_TEXT, check_size, wrong
from ses.scenario.expressions.syntax import parse_expression, split_template
from ses.scenario.findings.fault import Fault
from ses.scenario.values.values import plain, printed, written

MAX_NESTING = 30
"""Maps and lists within each other in one piece of data."""


class CompiledExpression:
    """An `Expression`."""

    __slots__ = ("evaluate", "is_constant", "names", "source")

    def __init__(self, source: str, names: frozenset[str], is_constant: bool, evaluate: Run) -> None:
        self.source = source
        self.names = names
        self.is_constant = is_constant
        """No name is read and no function called."""
        self.evaluate = evaluate


class CompiledTemplate:
    """A `Template`."""

    __slots__ = ("constant", "names", "render", "source")

    def __init__(
        self, source: str, names: frozenset[str], constant: str | None, render: Callable[[Scope], str]
    ) -> None:
        self.source = source
        self.names = names
        self.constant = constant
        self.render = render


class CompiledValue:
    """A `Value`; `is_constant` when it holds no `{{ }}`."""

    __slots__ = ("evaluate", "is_constant", "names")

    def __init__(self, names: frozenset[str], is_constant: bool, evaluate: Run) -> None:
        self.names = names
        self.is_constant = is_constant
        self.evaluate = evaluate


def compile_expression(source: str, *, language: str = "ru") -> CompiledExpression:
    """An expression without braces."""
    return _expression(source, parse_expression(source), language)


def compile_condition(source: str, *, language: str = "ru") -> CompiledExpression:
    """An expression, bare or with braces round all of it."""
    if "{{" not in source and "{%" not in source:
        return compile_expression(source, language=language)
    return _expression(source, condition_tree(source), language)


def condition_tree(source: str) -> nodes.Expr:
    """The tree of an expression, bare or with braces round all of it."""
    if "{{" not in source and "{%" not in source:
        return parse_expression(source)
    parts = [part for part in split_template(source) if not (isinstance(part, str) and not part.strip())]
    if len(parts) == 1 and isinstance(parts[0], nodes.Expr):
        return parts[0]
    offset = source.index("{{")
    raise Fault("a condition is one expression, not a text with braces in it", offset, "remove the braces")


def compile_template(source: str, language: str) -> CompiledTemplate:
    """A text for a reader, in a language."""
    return _template(source, language, printed)


def compile_plain_template(source: str, language: str = "ru") -> CompiledTemplate:
    """A text for a machine (a URL, a header): list values as keys, dates as ISO, booleans as true/false."""
    return _template(source, language, written)


def compile_shown(source: str, language: str, show: Callable[[Any, str], str]) -> CompiledTemplate:
    """A text whose values are written by `show(value, language)` (encoded for an address …)."""
    return _template(source, language, show)


def compile_value(data: Any, *, language: str = "ru") -> CompiledValue:
    """Data whose texts may hold `{{ }}`. Faults carry the `path` of the text they are about."""
    names: set[str] = set()
    run = _value(data, language, names, ())
    if run is None:
        constant = plain(data)
        return CompiledValue(frozenset(), True, lambda scope: constant)
    return CompiledValue(frozenset(names), False, run)


def _expression(source: str, tree: nodes.Expr, language: str) -> CompiledExpression:
    compiler = Compiler(language)
    run = compiler.compile(tree)
    constant = not compiler.names and tree.find(nodes.Call) is None and not isinstance(tree, nodes.Call)
    if not isinstance(tree, nodes.Name | nodes.Const):
        run = _guarded(run)
    return CompiledExpression(source, frozenset(compiler.names), constant, run)


def _guarded(run: Run) -> Run:
    """What goes wrong in an expression is an error of its step; what it makes has a bounded size."""

    def evaluate(scope: Scope) -> Any:
        try:
            value = run(scope)
        except (ArithmeticError, ValueError, TypeError, RecursionError) as error:
            raise wrong(f"the expression cannot be computed: {type(error).__name__}") from error
        kind = type(value)
        return check_size(value) if kind is list or kind is dict or kind is str else value

    return evaluate


def _template(source: str, language: str, show: Callable[..., str]) -> CompiledTemplate:
    parts = split_template(source)
    if not parts:
        return CompiledTemplate(source, frozenset(), "", lambda scope: "")
    if len(parts) == 1 and isinstance(parts[0], str):
        constant = parts[0]
        return CompiledTemplate(source, frozenset(), constant, lambda scope: constant)
    names: set[str] = set()
    pieces: list[str | Run] = []
    for part in parts:
        if isinstance(part, str):
            pieces.append(part)
        else:
            expression = _expression(source, part, language)
            names |= expression.names
            pieces.append(expression.evaluate)
    return CompiledTemplate(source, frozenset(names), None, _renderer(pieces, language, show))


def _renderer(pieces: list[str | Run], language: str, show: Callable[..., str]) -> Callable[[Scope], str]:
    for_readers = show is printed

    def render(scope: Scope) -> str:
        texts: list[str] = []
        for piece in pieces:
            if type(piece) is str:
                texts.append(piece)
                continue
            value = piece(scope)  # type: ignore[operator]
            kind = type(value)
            if kind is int:
                texts.append(str(value))
            elif value is not None:
                texts.append(show(value, language, scope.get(NOW)) if for_readers else show(value, language))
        text = "".join(texts)
        if len(text) > MAX_TEXT:
            raise StepError("value", f"the text is longer than {MAX_TEXT} characters")
        return text

    return render


def _value(data: Any, language: str, names: set[str], path: tuple[str | int, ...]) -> Run | None:
    """A function of the scope, or none for data that never varies."""
    if len(path) > MAX_NESTING:
        raise Fault(f"data is nested deeper than {MAX_NESTING}", 0, "", path)
    if isinstance(data, str):
        return _text_value(data, language, names, path) if "{{" in data or "{%" in data else None
    if isinstance(data, Mapping):
        runs = {str(key): _value(item, language, names, (*path, str(key))) for key, item in data.items()}
        if not any(runs.values()):
            return None
        pairs = [(key, run or _always(data[key])) for key, run in runs.items()]
        return lambda scope: {key: run(scope) for key, run in pairs}
    if isinstance(data, list | tuple):
        parts = [_value(item, language, names, (*path, index)) for index, item in enumerate(data)]
        if not any(parts):
            return None
        each = [run or _always(item) for run, item in zip(parts, data, strict=True)]
        return lambda scope: [run(scope) for run in each]
    return None


def _text_value(text: str, language: str, names: set[str], path: tuple[str | int, ...]) -> Run:
    try:
        parts = split_template(text.strip())
        if len(parts) == 1 and isinstance(parts[0], nodes.Expr):
            parts = split_template(text)  # for offsets in the text as it was given
            tree = next(part for part in parts if isinstance(part, nodes.Expr))
            expression = _expression(text, tree, language)
            names |= expression.names
            evaluate = expression.evaluate
            return lambda scope: plain(evaluate(scope))
        template = _template(text, language, written)
    except Fault as fault:
        raise Fault(fault.message, fault.offset, fault.remedy, path) from None
    names |= template.names
    return template.render


def _always(item: Any) -> Run:
    constant = plain(item)
    return lambda scope: constant
