"""A YAML document as the models read it: scalars, lists and maps that know their position in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ses.scenario.findings.source import Source

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_OCTAL = re.compile(r"0o[0-7]{1,20}")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")


@dataclass(slots=True)
class Scalar:
    """A scalar as it was written. `style` is YAML's quote: empty (plain), `'`, `"`, `|` or `>`."""

    text: str
    style: str
    at: Source
    offsets: tuple[tuple[int, Source], ...] = ()
    """Where characters of `text` stand in the file: (character, position) at the start of each line of it."""

    @property
    def plain(self) -> bool:
        return self.style == ""

    @property
    def empty(self) -> bool:
        """Nothing was written: `key:`."""
        return self.plain and self.text == ""

    def value(self) -> Any:
        """The value by YAML 1.2's core schema: none, boolean, number or text. Numbers over 18 digits stay text."""
        return resolve(self.text) if self.plain else self.text

    def position(self, offset: int) -> Source:
        """The position of the character at `offset` of the text."""
        best = self.at
        for start, position in self.offsets:
            if start > offset:
                break
            best = position._replace(column=position.column + offset - start)
        return best


class Map(dict[str, Any]):
    """A map; its values are nodes."""

    __slots__ = ("at", "flow", "keys_at")

    def __init__(self, at: Source, *, flow: bool = False) -> None:
        super().__init__()
        self.at = at
        self.flow = flow
        """Written with braces."""
        self.keys_at: dict[str, Source] = {}

    def put(self, key: str, at: Source, value: Node) -> None:
        self[key] = value
        self.keys_at[key] = at

    def without(self, *keys: str) -> Map:
        """A copy that lacks these keys."""
        copy = Map(self.at, flow=self.flow)
        for key, value in self.items():
            if key not in keys:
                copy.put(key, self.keys_at[key], value)
        return copy


class Seq(list[Any]):
    """A list; its items are nodes."""

    __slots__ = ("at", "flow")

    def __init__(self, at: Source, items: list[Any] | None = None, *, flow: bool = False) -> None:
        super().__init__(items or [])
        self.at = at
        self.flow = flow


Node = Scalar | Map | Seq


@dataclass(slots=True)
class Document:
    """One file: its node (none when empty) and its text."""

    name: str
    text: str
    root: Node | None = field(default=None)


def resolve(text: str) -> Any:
    """A plain scalar's value by YAML 1.2's core schema; only `true` and `false` are booleans."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text == "true":
        return True
    if text == "false":
        return False
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text, 8)
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    if len(text) <= 40 and _FLOAT.fullmatch(text) and not text.lstrip("+-").isdigit():
        number = float(text)
        return number if abs(number) != float("inf") else text
    return text


def plain_data(node: Node) -> Any:
    """The node as plain Python data: what a data table or `value:` holds."""
    if isinstance(node, Scalar):
        return node.value()
    if isinstance(node, Map):
        return {key: plain_data(value) for key, value in node.items()}
    return [plain_data(item) for item in node]
