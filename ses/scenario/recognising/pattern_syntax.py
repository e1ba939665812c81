"""The grammar of patterns: from an author's text to a tree.

word  any form of the word      =word  this form      word*  a beginning      *  any words, none too
(a|b c)  one of      [a]  optional      {a b}  in any order      @name  a value of that entity or slot
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NoReturn

from ses.scenario.findings.fault import Fault
from ses.scenario.words.tokeniser import fold, split

MAX_PATTERN = 1000
"""Characters of a pattern."""
MAX_DEPTH = 12
"""Brackets within brackets."""
MAX_PARTS = 4
"""Parts of `{a b}`."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word: any form of it, this form, or any word with this beginning."""

    kind: Literal["form", "exact", "prefix"]
    text: str


@dataclass(frozen=True, slots=True)
class Star:
    """`*`: any words."""


@dataclass(frozen=True, slots=True)
class Capture:
    """`@name`."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[Node, ...]
    """An optional part is a choice with an empty sequence last."""


@dataclass(frozen=True, slots=True)
class AnyOrder:
    parts: tuple[Node, ...]
    apart: bool
    """Words may stand between the parts (`*` inside the braces)."""


Node = Term | Star | Capture | Sequence | Choice | AnyOrder


@dataclass(frozen=True, slots=True)
class Pattern:
    source: str
    root: Node
    captures: frozenset[str]
    """Names after `@`."""


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node."""
    if isinstance(node, Sequence):
        return node.items
    if isinstance(node, Choice):
        return node.options
    return node.parts if isinstance(node, AnyOrder) else ()


def terms_of(node: Node) -> Iterator[Term]:
    """The words of a tree."""
    if isinstance(node, Term):
        yield node
    for child in children(node):
        yield from terms_of(child)


def captures_of(node: Node) -> Iterator[Capture]:
    """The captures of a tree."""
    if isinstance(node, Capture):
        yield node
    for child in children(node):
        yield from captures_of(child)


_TOKEN = re.compile(
    r"(?P<blank>\s+)|(?P<name>@\w*)|(?P<star>\*+)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<bar>\|)"
    r"|(?P<word>=?[^\W_][^\s()\[\]{}|*@=]*\*?)|(?P<other>.)",
    re.DOTALL,
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_FOREIGN = re.compile(r"[\\^<>$]|\.[*+?]")


def parse_pattern(text: str) -> Pattern:
    """The tree of a pattern. Raises `Fault` with the offset and the remedy."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.captures: set[str] = set()
        self.tokens: list[tuple[str, str, int]] = []
        self.at = 0

    def parse(self) -> Pattern:
        if len(self.text) > MAX_PATTERN:
            raise Fault(
                f"a pattern has at most {MAX_PATTERN} characters, this one {len(self.text)}", MAX_PATTERN
            )
        foreign = _FOREIGN.search(self.text)
        if foreign:
            raise Fault(
                f"'{foreign[0]}' means nothing in a pattern; this is not a regular expression",
                foreign.start(),
                "'*' alone stands for any words, 'word*' for a beginning; regular expressions belong to entities",
            )
        self.tokens = [
            (kind, m[0], m.start())
            for m in _TOKEN.finditer(self.text)
            if (kind := m.lastgroup or "") != "blank"
        ]
        root = self._sequence(None, 0)
        if root == Sequence(()):
            raise Fault("the pattern has no words", 0, "write at least one word, or '*'")
        return Pattern(self.text, root, frozenset(self.captures))

    def _sequence(self, opened: tuple[str, int] | None, depth: int) -> Sequence:
        items: list[Node] = []
        while self.at < len(self.tokens):
            kind, value, offset = self.tokens[self.at]
            if kind in ("close", "bar"):
                if opened is None:
                    self._stray(kind, value, offset)
                break
            self.at += 1
            items.extend(self._item(kind, value, offset, depth))
        return Sequence(tuple(items))

    def _stray(self, kind: str, value: str, offset: int) -> NoReturn:
        if kind == "bar":
            raise Fault("'|' stands outside parentheses", offset, "write alternatives as (a|b)")
        raise Fault(f"'{value}' closes nothing", offset, "remove it, or open the bracket before it")

    def _item(self, kind: str, value: str, offset: int, depth: int) -> list[Node]:
        if kind == "star":
            after = self.text[offset + len(value) : offset + len(value) + 1]
            if after.isalnum():
                raise Fault(
                    "the beginning of a word cannot be left open",
                    offset,
                    "put a blank after '*': it then stands for any words before this one",
                )
            return [Star()]
        if kind == "name":
            if len(value) == 1:
                raise Fault(
                    "a name is expected after '@'", offset, "write '@' and the name of an entity or slot"
                )
            self.captures.add(value[1:])
            return [Capture(value[1:], offset)]
        if kind == "word":
            return self._words(value, offset)
        if kind == "open":
            return [self._bracket(value, offset, depth + 1)]
        if value == "=":
            raise Fault(
                "a word is expected after '='", offset, "write '=' and the word without a blank between them"
            )
        return []  # punctuation, which utterances lose too

    def _words(self, value: str, offset: int) -> list[Node]:
        exact = value.startswith("=")
        prefix = value.endswith("*")
        if exact and prefix:
            raise Fault(
                "'=' and '*' exclude each other",
                offset,
                "write '=word' for this form or 'word*' for a beginning",
            )
        body = value[exact : len(value) - prefix]
        texts = [word.text for word in split(body)]
        if prefix and not fold(body[-1]).isalnum():
            raise Fault(
                "'*' must follow the letters of the word", offset + len(value) - 1, "put a blank before '*'"
            )
        terms: list[Node] = [Term("exact" if exact else "form", text) for text in texts]
        if prefix:
            terms[-1] = Term("prefix", texts[-1])
        return terms

    def _bracket(self, opening: str, offset: int, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise Fault(f"brackets are nested deeper than {MAX_DEPTH}", offset, "split the pattern in two")
        options = [self._sequence((opening, offset), depth)]
        while self.at < len(self.tokens) and self.tokens[self.at][0] == "bar":
            bar = self.tokens[self.at][2]
            if opening == "{":
                raise Fault(
                    "'|' stands directly inside '{}'", bar, "put the alternatives in parentheses: {(a|b) c}"
                )
            self.at += 1
            options.append(self._sequence((opening, offset), depth))
        if self.at == len(self.tokens):
            raise Fault(f"'{opening}' is never closed", offset, f"add '{_CLOSING[opening]}'")
        _, closing, closed = self.tokens[self.at]
        if closing != _CLOSING[opening]:
            raise Fault(f"'{opening}' is closed by '{closing}'", closed, f"write '{_CLOSING[opening]}'")
        self.at += 1
        if any(not option.items for option in options):
            raise Fault(
                f"an alternative of '{opening}{_CLOSING[opening]}' has no words",
                offset,
                "write [a] for an optional part",
            )
        if opening == "(":
            return options[0] if len(options) == 1 else Choice(tuple(options))
        if opening == "[":
            return Choice((*options, Sequence(())))
        parts = tuple(item for item in options[0].items if not isinstance(item, Star))
        if not 2 <= len(parts) <= MAX_PARTS:
            raise Fault(
                f"'{{}}' takes two to {MAX_PARTS} parts, here are {len(parts)}",
                offset,
                "join words into parts with parentheses",
            )
        return AnyOrder(parts, len(parts) < len(options[0].items))
