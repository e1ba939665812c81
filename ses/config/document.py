"""JSON that remembers where everything stands, so that a mistake can be shown by line and column."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]  # the C scanner of the standard library, unlisted in its types
from typing import Any

Path = tuple[str | int, ...]
"""The way to a value: keys of objects and indexes of arrays, from the outside in."""

DEEPEST = 64
"""Levels of nesting; a configuration has eight."""

_BLANK = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"[A-Za-z_]\w*")
_LITERALS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the text itself, at a 1-based line and column."""

    line: int
    column: int
    message: str
    path: Path = ()


@dataclass(slots=True)
class Document:
    """A parsed text: its value, where each value's key (or, in arrays, the value) begins, and what was wrong."""

    value: Any = None
    positions: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Path → (line, column), both from 1."""
    faults: list[Fault] = field(default_factory=list)

    def position(self, path: Path) -> tuple[int, int]:
        """Where a path stands, or the nearest thing around it that is in the text."""
        while path and path not in self.positions:
            path = path[:-1]
        return self.positions.get(path, (1, 1))


def parse(text: str) -> Document:
    """Read a text. Repeated keys are all reported; a fault of syntax ends the reading and leaves `value` none."""
    reader = _Reader(text)
    try:
        reader.document.value = reader.whole()
    except _SyntaxFault as fault:
        reader.document.faults.append(reader.fault(fault.offset, str(fault)))
    return reader.document


class _SyntaxFault(Exception):
    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.document = Document()
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]

    def fault(self, offset: int, message: str, path: Path = ()) -> Fault:
        return Fault(*self._line_and_column(offset), message, path)

    def whole(self) -> Any:
        value, end = self._value(self._skip(0), ())
        end = self._skip(end)
        if end < len(self.text):
            raise _SyntaxFault(end, "text after the end of the configuration; is a brace closed too early?")
        return value

    def _line_and_column(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def _skip(self, at: int) -> int:
        found = _BLANK.match(self.text, at)
        return found.end() if found else at

    def _value(self, at: int, path: Path) -> tuple[Any, int]:
        if len(path) > DEEPEST:
            raise _SyntaxFault(at, f"more than {DEEPEST} levels of nesting")
        self.document.positions.setdefault(path, self._line_and_column(at))
        sign = self.text[at : at + 1]
        if sign == "{":
            return self._object(at + 1, path)
        if sign == "[":
            return self._array(at + 1, path)
        if sign == '"':
            return self._string(at)
        if word := _WORD.match(self.text, at):
            if word[0] in _LITERALS:
                return _LITERALS[word[0]], word.end()
            near = (
                f"; JSON writes `{word[0].lower()}`"
                if word[0].lower() in _LITERALS
                else "; texts stand in double quotes"
            )
            raise _SyntaxFault(at, f"`{word[0]}` is no JSON value{near}")
        if number := _NUMBER.match(self.text, at):
            return self._number(number[0], at), number.end()
        raise _SyntaxFault(at, self._unexpected(sign))

    def _number(self, digits: str, at: int) -> int | float:
        whole = digits.lstrip("-").isdigit()
        if (whole and len(digits.lstrip("-")) > 18) or (not whole and math.isinf(float(digits))):
            raise _SyntaxFault(at, "the number is too large")
        return int(digits) if whole else float(digits)

    def _unexpected(self, sign: str) -> str:
        if not sign:
            return "the text ends too early: a brace, bracket or value is missing"
        if sign in "}]":
            return f"a value is missing before `{sign}`; a comma after the last element is not allowed"
        if sign == "'":
            return 'JSON\'s quotes are double: "…"'
        if sign in "/#":
            return "JSON has no comments"
        return f"a value cannot begin with `{sign}`"

    def _string(self, at: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self.text, at + 1, True)
            return str(text), int(end)
        except JSONDecodeError as error:
            raise _SyntaxFault(
                error.pos, f"{error.msg[0].lower()}{error.msg[1:]}".removesuffix(" at")
            ) from None

    def _object(self, at: int, path: Path) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        at = self._skip(at)
        if self.text[at : at + 1] == "}":
            return found, at + 1
        while True:
            if self.text[at : at + 1] != '"':
                sign = self.text[at : at + 1]
                hint = (
                    self._unexpected(sign)
                    if sign in ("", "}", "'", "/", "#")
                    else f"a key in double quotes must stand here, not `{sign}`"
                )
                raise _SyntaxFault(at, hint.replace("a value is missing", "a key is missing"))
            key_at = at
            key, at = self._string(at)
            member = (*path, key)
            if key in found:
                first = self.document.positions[member]
                self.document.faults.append(
                    self.fault(
                        key_at, f"the key stands twice, first in line {first[0]}; keep one of them", member
                    )
                )
            self.document.positions[member] = self._line_and_column(key_at)
            at = self._skip(at)
            if self.text[at : at + 1] != ":":
                raise _SyntaxFault(at, f"a colon must follow the key `{key}`")
            found[key], at = self._value(self._skip(at + 1), member)
            at, ended = self._next(at, "}")
            if ended:
                return found, at

    def _array(self, at: int, path: Path) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = self._skip(at)
        if self.text[at : at + 1] == "]":
            return found, at + 1
        while True:
            value, at = self._value(at, (*path, len(found)))
            found.append(value)
            at, ended = self._next(at, "]")
            if ended:
                return found, at

    def _next(self, at: int, closing: str) -> tuple[int, bool]:
        """Behind an element: the begin of the next one, or the end of the whole."""
        at = self._skip(at)
        sign = self.text[at : at + 1]
        if sign == closing:
            return at + 1, True
        if sign == ",":
            return self._skip(at + 1), False
        raise _SyntaxFault(at, f"a comma or `{closing}` must stand here" if sign else self._unexpected(sign))
