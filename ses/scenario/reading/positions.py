"""Which characters of a file a scalar's text was made of, so that a fault inside it is shown where it stands."""

from __future__ import annotations

import yaml

from ses.scenario.findings.source import Source


def line_offsets(lines: list[str], event: yaml.ScalarEvent, name: str) -> tuple[tuple[int, Source], ...]:
    """(character of the text, its position) at the start of each piece that stands unchanged in one line.

    Exact for texts on one line and for literal blocks; for folded ones the first line only.
    """
    assert event.start_mark is not None
    assert event.end_mark is not None
    line, column = event.start_mark.line, event.start_mark.column
    style = event.style or ""
    if style in ("|", ">"):
        return _block(lines, event, name)
    if event.end_mark.line != line:
        return ((0, Source(name, line + 1, column + 1 + len(style))),)
    if style != '"':
        return ((0, Source(name, line + 1, column + 1 + len(style))),)
    return _escaped(lines[line] if line < len(lines) else "", line, column + 1, event.value, name)


def _escaped(text: str, line: int, column: int, value: str, name: str) -> tuple[tuple[int, Source], ...]:
    """Pieces of a double-quoted text between its escapes."""
    pieces = [(0, Source(name, line + 1, column + 1))]
    character = 0
    while column < len(text) and text[column] != '"' and character < len(value):
        if text[column] == "\\":
            column += {"x": 4, "u": 6, "U": 10}.get(text[column + 1 : column + 2], 2)
            pieces.append((character + 1, Source(name, line + 1, column + 1)))
        else:
            column += 1
        character += 1
    return tuple(pieces)


def _block(lines: list[str], event: yaml.ScalarEvent, name: str) -> tuple[tuple[int, Source], ...]:
    pieces: list[tuple[int, Source]] = []
    character = 0
    assert event.start_mark is not None
    number = event.start_mark.line + 1
    for piece in event.value.split("\n"):
        while number < len(lines) and not lines[number].strip() and piece:
            number += 1
        column = lines[number].find(piece) if number < len(lines) else 0
        pieces.append((character, Source(name, number + 1, max(column, 0) + 1)))
        character += len(piece) + 1
        number += 1
        if event.style == ">":
            break
    return tuple(pieces)
