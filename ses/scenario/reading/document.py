"""YAML 1.2 (core schema) into nodes that know their position, through libyaml's event stream.

Composed from events rather than by PyYAML's composer, because what this language refuses is visible only
there: anchors nobody uses (`& Ко` loses its first word), explicit tags, and where a plain text really ended.
"""

from __future__ import annotations

from typing import NoReturn

import yaml

from ses.scenario.findings.report import Report
from ses.scenario.findings.source import Source
from ses.scenario.reading.nodes import Document, Map, Node, Scalar, Seq
from ses.scenario.reading.positions import line_offsets
from ses.scenario.reading.yaml_errors import cut_short, explain, odd_blank, odd_indentation, quoted_line

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 60
MAX_NODES = 200_000
"""Counted with aliases followed: an alias bomb passes this long before it fills the memory."""

_CLOSED = (yaml.SequenceEndEvent, yaml.MappingEndEvent)


def read_yaml(name: str, raw: bytes, report: Report) -> Document:
    """One file. Whatever is wrong becomes findings; `root` is none when nothing useful could be read."""
    if len(raw) > MAX_BYTES:
        report.error(
            "file-too-large", Source(name, 1, 1), f"the file has {len(raw)} bytes, at most 1 MB is read",
            suggestion="split it: files of one robot are merged",
        )  # fmt: skip
        return Document(name, "")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        position = Source(name, before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1)
        report.error(
            "not-utf8", position, "the file is not UTF-8", suggestion="save it in the encoding UTF-8"
        )
        return Document(name, raw.decode("utf-8", "replace"))
    document = Document(name, text)
    composer = _Composer(name, text, report)
    try:
        document.root = composer.compose()
    except yaml.YAMLError as error:
        explain(name, text, error, report)
    return document


class _Refused(yaml.YAMLError):
    """The document is refused as a whole; its finding is already reported."""


class _Composer:
    def __init__(self, name: str, text: str, report: Report) -> None:
        self._name = name
        self._text = text
        self._lines = text.split("\n")
        self._report = report
        self._anchors: dict[str, tuple[Node, int, Source]] = {}
        self._open: set[str] = set()
        self._used: set[str] = set()
        self._nodes = 0

    def compose(self) -> Node | None:
        root: Node | None = None
        # (container, key waiting for its value, anchor, nodes counted at its start)
        stack: list[tuple[Map | Seq, tuple[str, Source] | None, str | None, int]] = []
        documents = 0
        for event in yaml.parse(self._text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse("second-document", self._position(event), "a file holds one document; `---` begins another",
                                 "put it into a file of its own")  # fmt: skip
                continue
            if isinstance(event, _CLOSED):
                container, _, anchor, before = stack.pop()
                if anchor:
                    self._open.discard(anchor)
                    self._anchors[anchor] = (container, self._nodes - before, container.at)
                continue
            if not isinstance(event, yaml.NodeEvent):
                continue
            before = self._nodes
            node = self._node(event)
            anchor = event.anchor if not isinstance(event, yaml.AliasEvent) else None
            if anchor and isinstance(node, Scalar):
                self._anchors[anchor] = (node, 1, node.at)
            if not stack:
                root = node
            else:
                self._attach(stack, node, event)
            if isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
                assert isinstance(node, Map | Seq)
                if anchor:
                    self._open.add(anchor)
                stack.append((node, None, anchor, before))
                if len(stack) > MAX_DEPTH:
                    self._refuse("too-deep", node.at, f"more than {MAX_DEPTH} levels of nesting", "")
        for anchor, (_, _, position) in self._anchors.items():
            if anchor not in self._used:
                self._unused(anchor, position)
        return root

    def _node(self, event: yaml.NodeEvent) -> Node:
        position = self._position(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor or "", position)
        self._count(1, position)
        self._check_tag(event, position)
        if isinstance(event, yaml.ScalarEvent):
            style = event.style or ""
            scalar = Scalar(event.value, style, position, line_offsets(self._lines, event, self._name))
            if not style:
                cut_short(self._lines, event, self._name, self._report)
            return scalar
        if isinstance(event, yaml.MappingStartEvent):
            return Map(position, flow=bool(event.flow_style))
        return Seq(position, flow=bool(getattr(event, "flow_style", False)))

    def _attach(
        self,
        stack: list[tuple[Map | Seq, tuple[str, Source] | None, str | None, int]],
        node: Node,
        event: yaml.NodeEvent,
    ) -> None:
        container, key, anchor, before = stack[-1]
        if isinstance(container, Seq):
            container.append(node)
        elif key is None:
            stack[-1] = (container, self._key(container, node, event), anchor, before)
        else:
            name, position = key
            if name:
                container.put(name, position, node)
            stack[-1] = (container, None, anchor, before)

    def _line(self, position: Source) -> str:
        """The line of a position; libyaml counts more line breaks than we do, so it may lie behind the last."""
        return self._lines[min(position.line, len(self._lines)) - 1]

    def _key(self, container: Map, node: Node, event: yaml.NodeEvent) -> tuple[str, Source]:
        if not isinstance(node, Scalar) or isinstance(event, yaml.AliasEvent):
            line = self._line(node.at)
            start = node.at.column - 2
            if line[start : start + 2] == "{{":
                self._refuse("unquoted-text", node.at._replace(column=start + 1), "a text that begins with `{` needs quotes",
                             self._quoted(node.at))  # fmt: skip
            self._refuse("bad-key", node.at, "a key is one word or text, not a list or a map",
                         "a text that begins with `{` or `[` stands in quotes")  # fmt: skip
        if node.plain and (blank := odd_blank(node.text)) is not None:
            odd_indentation(
                node.at._replace(column=node.at.column + blank), self._line(node.at), self._report
            )
            return "", node.at
        if node.plain and node.text == "<<":
            self._report.error("merge-key", node.at, "`<<` (merging of maps) is not part of this language",
                               suggestion="repeat the keys, or `call` a flow that both use", length=2)  # fmt: skip
            return "", node.at
        if node.empty:
            self._report.error("bad-key", node.at, "a key is missing before the colon")
            return "", node.at
        if node.text in container:
            first = container.keys_at[node.text]
            self._report.error(
                "duplicate-key", node.at, f"the key `{node.text}` stands here twice, first on line {first.line}",
                suggestion="keep one of them", also=first, length=len(node.text),
            )  # fmt: skip
            return "", node.at
        return node.text, node.at

    def _alias(self, anchor: str, position: Source) -> Node:
        if anchor in self._open:
            self._refuse("alias-bomb", position, f"`*{anchor}` stands inside what it refers to", "")
        if anchor not in self._anchors:
            self._refuse("bad-yaml", position, f"`*{anchor}` refers to nothing", self._quoted(position))
        self._used.add(anchor)
        node, size, _ = self._anchors[anchor]
        self._count(size, position)
        return node

    def _check_tag(self, event: yaml.NodeEvent, position: Source) -> None:
        tag = getattr(event, "tag", None)
        if tag is None:
            return
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        self._report.error("tag", position, f"tags are not part of this language: `{shown}`",
                           suggestion=self._quoted(position), length=len(shown))  # fmt: skip

    def _unused(self, anchor: str, position: Source) -> None:
        mark = f"&{anchor}"
        line = self._line(position)
        column = line.find(mark)
        at = position._replace(column=column + 1) if column >= 0 else position
        self._report.error("unused-anchor", at, f"`{mark}` names a place that nothing refers to, its word is lost",
                           suggestion=self._quoted(at), length=len(mark))  # fmt: skip

    def _quoted(self, position: Source) -> str:
        return quoted_line(self._lines, position.line, position.column)

    def _count(self, nodes: int, position: Source) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._refuse("alias-bomb", position, f"the file unfolds to more than {MAX_NODES} values", "")

    def _refuse(self, code: str, position: Source, message: str, suggestion: str) -> NoReturn:
        self._report.error(code, position, message, suggestion=suggestion)
        raise _Refused(message)

    def _position(self, event: yaml.Event) -> Source:
        assert event.start_mark is not None
        return Source(self._name, event.start_mark.line + 1, event.start_mark.column + 1)
