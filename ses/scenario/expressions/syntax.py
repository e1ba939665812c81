"""From the text of an expression or template to a tree, through Jinja2's lexer and parser.

Jinja2 reads, nothing else: no Jinja2 code runs when a robot does. What its parser accepts and the language does not
is refused by the compiler, which knows every node it lets in. Trees carry character offsets: each token is given its
offset in its line number, and the parser hands it on to the nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from ses.scenario.findings.fault import Fault

MAX_SOURCE = 4_000
"""Characters of one expression."""
MAX_BRACKETS = 30
"""Brackets within brackets."""

# It only reads: nothing is ever rendered by Jinja2, so there is nothing to escape.
_ENVIRONMENT = Environment(
    block_start_string="{%\0", comment_start_string="{#\0", keep_trailing_newline=True, autoescape=True
)
_RawToken = tuple[int, str, str]
_FOREIGN = {
    "&&": "write 'and'",
    "||": "write 'or'",
    "===": "write '=='",
    "!==": "write '!='",
    "<>": "write '!='",
    "++": "write 'set: {name: {add: 1}}' for counting",
}
_AT = re.compile(r" at (\d+)$")


def parse_expression(source: str) -> nodes.Expr:
    """The tree of an expression without braces; `lineno` of every node is its offset. Raises `Fault`."""
    if not source.strip():
        raise Fault("the expression is empty", 0, "write what is to be computed, for example  n > 3")
    return _parse(list(_tokens(source)), source, 0)


def split_template(source: str) -> list[str | nodes.Expr]:
    """The texts and the expressions of a template, in order. Offsets count from the template's beginning."""
    if "{%" in source:
        raise Fault(
            "'{%' is no part of the language",
            source.index("{%"),
            "use the steps if, switch and repeat; texts know '{{ }}' only",
        )
    if "{{" not in source:
        return [source] if source else []
    parts: list[str | nodes.Expr] = []
    at = 0
    while (begin := source.find("{{", at)) >= 0:
        if begin > at:
            parts.append(source[at:begin])
        if source[begin + 2 : begin + 3] in ("-", "+") or source[begin + 2 : begin + 3] == "{":
            raise Fault(f"'{source[begin : begin + 3]}' is not understood", begin, "put a blank after '{{'")
        tokens, at = _until_closed(source, begin)
        if not tokens:
            raise Fault(
                "nothing stands between the braces", begin, "write a name or an expression: {{ name }}"
            )
        parts.append(_parse(tokens, source, begin))
    if at < len(source):
        parts.append(source[at:])
    return parts


def _until_closed(source: str, begin: int) -> tuple[list[_RawToken], int]:
    """The tokens after `{{` at `begin`, and the offset after its `}}`."""
    tokens: list[_RawToken] = []
    for offset, kind, value in _raw_tokens(source[begin:], begin, None):
        if kind == "variable_end":
            if len(value) != 2:
                raise Fault(f"'{value.strip()}' is not understood", offset, "put a blank before '}}'")
            return [token for token in tokens if token[1] != "whitespace"], offset + 2
        if kind != "variable_begin":
            tokens.append((offset, kind, value))
    raise Fault("'{{' is never closed", begin, "add '}}'")


def _tokens(source: str) -> Iterator[_RawToken]:
    return _raw_tokens(source, 0, "variable")


def _raw_tokens(source: str, base: int, state: str | None) -> Iterator[_RawToken]:
    """Tokens with offsets. The lexer yields every character, so offsets add up."""
    offset = base
    try:
        for _, kind, value in _ENVIRONMENT.lexer.tokeniter(source, None, None, state):
            if offset - base > MAX_SOURCE:
                raise Fault(f"an expression has at most {MAX_SOURCE} characters", base)
            yield offset, kind, value
            offset += len(value)
    except TemplateSyntaxError as error:
        raise _explained(error, source, base, offset) from None


def _explained(error: TemplateSyntaxError, source: str, base: int, offset: int) -> Fault:
    message = str(error.message)
    found = _AT.search(message)
    at = base + int(found[1]) if found else offset
    rest = source[at - base :]
    for sign, remedy in _FOREIGN.items():
        if rest.startswith(sign) or sign in source[max(0, at - base - 1) : at - base + 2]:
            return Fault(f"'{sign}' is not understood", at, remedy)
    if rest[:1] in ("'", '"'):
        return Fault("the quote is never closed", at, f"add {rest[0]}")
    if rest[:1] == "!":
        return Fault("'!' is not understood", at, "write 'not'")
    if rest[:1] in ("«", "“", "„", "‘"):
        return Fault(f"'{rest[0]}' does not begin a text here", at, "put texts into '…' or \"…\"")
    return Fault(_AT.sub("", message), at)


def _parse(tokens: list[_RawToken], source: str, begin: int) -> nodes.Expr:
    depth = 0
    for offset, kind, value in tokens:
        if kind == "operator":
            depth += (value in "([{") - (value in ")]}")
            if depth > MAX_BRACKETS:
                raise Fault(
                    f"brackets are nested deeper than {MAX_BRACKETS}",
                    offset,
                    "compute a part with 'set' first",
                )
    parser = Parser(_ENVIRONMENT, "", state="variable")
    try:
        parser.stream = TokenStream(_ENVIRONMENT.lexer.wrap(iter(tokens)), None, None)
        tree = parser.parse_expression()
        left = parser.stream.current
    except TemplateSyntaxError as error:
        raise _misread(error, tokens, source, begin) from None
    except RecursionError:
        raise Fault("the expression is nested too deeply", begin, "compute a part with 'set' first") from None
    if left.type != "eof":
        offset = left.lineno
        if left.type == "assign":
            raise Fault("'=' does not compare", offset, "write '=='")
        raise Fault(
            f"'{_piece(source, offset)}' is not expected here",
            offset,
            "put texts into quotes, and an operator between two values",
        )
    return tree


def _misread(error: TemplateSyntaxError, tokens: list[_RawToken], source: str, begin: int) -> Fault:
    end = tokens[-1][0] + len(tokens[-1][2]) if tokens else begin
    offset = error.lineno
    message = str(error.message)
    if "end of template" in message or offset > end:
        return Fault("the expression breaks off", end, "something is missing at its end")
    if source[offset - 1 : offset + 1] == "||":
        return Fault("'||' is not understood", offset - 1, _FOREIGN["||"])
    if _piece(source, offset) == "=":
        return Fault("'=' does not compare", offset, "write '=='")
    return Fault(f"'{_piece(source, offset)}' is not expected here: {message}", offset)


def _piece(source: str, offset: int) -> str:
    found = re.match(r"\w+|\S", source[offset:])
    return found[0] if found else ""
