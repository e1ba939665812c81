"""As much of VKScript as clients write to make several calls in one: `var`, `while`, assignments, `return`, calls of the API,
lists and objects with `length`, `push`, indexes and fields, `+`, `-`, `<`. <https://dev.vk.com/ru/method/execute>
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from doubles.vk.faults import ERRORS, ApiError

CALLS, STEPS = 25, 1000
"""Calls of the API and operations that one script may make."""

Call = Callable[[str, dict[str, str]], Any]
"""Method and values → its `response`; raises `ApiError`."""

_TOKEN = re.compile(
    r'\s*("(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|\d+(?:\.\d+)?|[A-Za-z_]\w*|[\[\]{}().,:;=<+-])'
)
_CONSTANTS = {"true": True, "false": False, "null": None}


class _Returned(Exception):
    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Script:
    """One run of a script. Statements are carried out as they are read; a loop reads its own again."""

    def __init__(self, code: str, call: Call) -> None:
        """Raises `ApiError` 12 for what is no script."""
        self._tokens = list(_tokens(code))
        self._at = 0
        self._call = call
        self._names: dict[str, Any] = {}
        self._left = STEPS
        self._calls = 0
        self.errors: list[dict[str, Any]] = []
        """`execute_errors`: of each call that failed, in their order."""

    def run(self) -> Any:
        """What it returns. Raises `ApiError` 12 and 13."""
        try:
            while self._tokens[self._at]:
                self._statement()
        except _Returned as returned:
            return returned.value
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise ApiError(13, f"{ERRORS[13]}: {error}") from None
        return None

    # --- statements --------------------------------------------------------------------------------------------------

    def _statement(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise ApiError(13, f"{ERRORS[13]}: too many operations")
        match self._peek():
            case "var":
                self._next()
                self._assignment()
                while self._taken(","):
                    self._assignment()
            case "while":
                self._loop()
                return
            case "return":
                self._next()
                value = self._value()
                self._expect(";")
                raise _Returned(value)
            case _:
                self._expression_or_assignment()
        self._expect(";")

    def _loop(self) -> None:
        self._next()
        begin = self._at
        while True:
            self._at = begin
            self._expect("(")
            goes_on = self._value()
            self._expect(")")
            self._expect("{")
            if not goes_on:
                break
            while not self._taken("}"):
                self._statement()
        depth = 1
        while depth:
            depth += {"{": 1, "}": -1}.get(self._next(), 0)

    def _assignment(self) -> None:
        name = self._next()
        self._expect("=")
        self._names[name] = self._value()

    def _expression_or_assignment(self) -> None:
        path = [self._next()]
        begin = self._at
        while self._taken("."):
            path.append(self._next())
        if not self._taken("="):
            self._at = begin - 1
            self._value()
            return
        value = self._value()
        if len(path) == 1:
            self._names[path[0]] = value
            return
        owner = self._names[path[0]]
        for field in path[1:-1]:
            owner = owner[field]
        owner[path[-1]] = value

    # --- values ------------------------------------------------------------------------------------------------------

    def _value(self) -> Any:
        left = self._term()
        while (sign := self._peek()) in ("+", "-", "<"):
            self._next()
            right = self._term()
            left = left < right if sign == "<" else left + right if sign == "+" else left - right
        return left

    def _term(self) -> Any:
        word = self._next()
        if word == "-":
            return -self._term()
        if word[0] in "\"'":
            value: Any = _string(word)
        elif word[0].isdigit():
            value = json.loads(word)
        elif word == "[":
            value = self._list("]")
        elif word == "{":
            value = self._object()
        elif word == "API":
            value = self._api()
        elif word in _CONSTANTS:
            value = _CONSTANTS[word]
        elif word.isidentifier():
            value = self._names[word]
        else:
            raise self._wrong(word)
        return self._suffixes(value)

    def _suffixes(self, value: Any) -> Any:
        while True:
            if self._taken("["):
                value = value[self._value()]
                self._expect("]")
            elif self._taken("."):
                field = self._next()
                if field == "length":
                    value = len(value)
                elif field == "push":
                    self._expect("(")
                    value.append(self._value())
                    self._expect(")")
                else:
                    value = value[field]
            else:
                return value

    def _list(self, end: str) -> list[Any]:
        values: list[Any] = []
        while not self._taken(end):
            values.append(self._value())
            if not self._taken(","):
                self._expect(end)
                break
        return values

    def _object(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        while not self._taken("}"):
            name = self._next()
            self._expect(":")
            fields[_string(name) if name[0] in "\"'" else name] = self._value()
            if not self._taken(","):
                self._expect("}")
                break
        return fields

    def _api(self) -> Any:
        """A call; false when it failed, and the script goes on."""
        path = []
        while self._taken("."):
            path.append(self._next())
        method = ".".join(path)
        self._expect("(")
        given = self._list(")")
        self._calls += 1
        if self._calls > CALLS:
            raise ApiError(13, f"{ERRORS[13]}: Too many API calls")
        try:
            return self._call(
                method, {name: _text(value) for name, value in (given[0] if given else {}).items()}
            )
        except ApiError as error:
            self.errors.append({"method": method, "error_code": error.code, "error_msg": error.reason})
            return False

    # --- tokens ------------------------------------------------------------------------------------------------------

    def _peek(self) -> str:
        return self._tokens[self._at]

    def _next(self) -> str:
        word = self._tokens[self._at]
        if not word:
            raise self._wrong("end of code")
        self._at += 1
        return word

    def _taken(self, word: str) -> bool:
        if self._tokens[self._at] != word:
            return False
        self._at += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._taken(word):
            raise self._wrong(self._peek() or "end of code")

    @staticmethod
    def _wrong(word: str) -> ApiError:
        return ApiError(12, f"{ERRORS[12]}: unexpected {word}")


def _tokens(code: str) -> Iterator[str]:
    at = 0
    while at < len(code.rstrip()):
        found = _TOKEN.match(code, at)
        if found is None:
            raise ApiError(12, f"{ERRORS[12]}: unexpected {code[at : at + 10].strip()}")
        yield found[1]
        at = found.end()
    yield ""


def _string(word: str) -> str:
    inside = word[1:-1]
    if word[0] == "'":
        inside = inside.replace("\\'", "'").replace('"', '\\"')
    value: str = json.loads(f'"{inside}"', strict=False)
    return value


def _text(value: Any) -> str:
    """A value as a form would carry it."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
