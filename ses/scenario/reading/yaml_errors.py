"""What authors write wrong in YAML, told with the line as it should be."""

from __future__ import annotations

import re

import yaml

from ses.scenario.findings.report import Report
from ses.scenario.findings.source import Source

_VALUE = re.compile(
    r"""^(?P<before>\s*(?:-\s+)*(?:(?:"[^"]*"|'[^']*'|[^\s'"\[{#][^:\[{"']*):\s+)?)(?P<value>\S.*?)\s*$"""
)
_SPECIAL = "*@%!&{[>|`"
_CUT = re.compile(r"[ \t]+#(?=\S)")


def cut_short(lines: list[str], event: yaml.ScalarEvent, name: str, report: Report) -> None:
    """A plain text followed by ` #` with no blank after it: `Заказ #5` is only «Заказ»."""
    end = event.end_mark if event.value else event.start_mark
    assert end is not None
    if end.line >= len(lines):
        return
    line = lines[end.line]
    match = _CUT.match(line, end.column)
    if match is None:
        return
    fixed = quoted_line(lines, end.line + 1, 0)
    report.error(
        "text-cut-short", Source(name, end.line + 1, match.end()),
        "the text ends before `#`: what follows is a comment",
        suggestion=fixed or "put the text into quotes; a comment has a blank after its `#`",
        length=len(line.rstrip()) - match.end() + 1,
    )  # fmt: skip


def explain(name: str, text: str, error: yaml.YAMLError, report: Report) -> None:
    """A finding for what libyaml could not read. A refusal already reported adds nothing."""
    if isinstance(error, yaml.reader.ReaderError):
        offset = error.position if isinstance(error.position, int) else 0
        before = text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "ignore")
        position = Source(name, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        report.error("bad-yaml", position, "a character that YAML does not allow", suggestion='remove it, or write it as "\\uXXXX" in quotes')  # fmt: skip
        return
    if not isinstance(error, yaml.MarkedYAMLError):
        return
    mark = error.problem_mark or error.context_mark
    lines = text.split("\n")
    number = min(mark.line, len(lines) - 1) if mark else 0
    column = mark.column if mark else 0
    position = Source(name, number + 1, column + 1)
    problem = str(error.problem or error)
    line = lines[number]
    for candidate, before in enumerate(lines[: number + 1]):
        if (blank := odd_blank(before)) is not None:
            odd_indentation(Source(name, candidate + 1, blank + 1), before, report)
            return
    opened = _open_quote(lines, number, error)
    if opened is not None:
        begin, at = opened
        report.error("bad-yaml", Source(name, begin + 1, at + 1), "not YAML: the quote that opens here is not closed",
                     suggestion=lines[begin].rstrip() + lines[begin][at],
                     length=max(len(lines[begin].rstrip()) - at, 1))  # fmt: skip
        return
    if "\t" in line[: len(line) - len(line.lstrip())]:
        report.error("tab", Source(name, number + 1, line.find("\t") + 1),
                     "a tab at the beginning of a line: YAML indents with blanks only",
                     suggestion=line.replace("\t", "  ").rstrip())  # fmt: skip
        return
    for candidate in (number, (error.context_mark.line if error.context_mark else number)):
        start = _special_start(lines, candidate)
        if start is not None:
            report.error(
                "unquoted-text", Source(name, candidate + 1, start + 1),
                f"a text that begins with `{lines[candidate][start]}` needs quotes",
                suggestion=quoted_line(lines, candidate + 1, start + 1),
            )  # fmt: skip
            return
    if "mapping values are not allowed" in problem:
        report.error("unquoted-text", position, "a text with `: ` inside it, or with `:` at its end, needs quotes",
                     suggestion=quoted_line(lines, number + 1, 0))  # fmt: skip
        return
    said = {
        "did not find expected key": "the indentation does not fit the lines above",
        "did not find expected '-' indicator": "the indentation does not fit the list above",
        "could not find expected ':'": "a `:` is missing after the key",
    }.get(problem, problem)
    report.error("bad-yaml", position, f"not YAML: {said}",
                 suggestion="look at the indentation and the quotes of this line and the one before it")  # fmt: skip


_ODD = re.compile(r" *(?P<odd>[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff])\s*\S")
_QUOTED = {'"': re.compile(r'"(?:[^"\\]|\\.)*"'), "'": re.compile(r"'(?:[^']|'')*'")}
_BEFORE_QUOTE = re.compile(r"(?:^|[:,?-]\s|[\[{(])\s*$")


def odd_blank(line: str) -> int | None:
    """Where a line is indented with a character that looks like a blank and is none (U+00A0 …)."""
    match = _ODD.match(line)
    return match.start("odd") if match is not None else None


def odd_indentation(at: Source, line: str, report: Report) -> None:
    """Report such a line: it is copied from a web page or a messenger, and looks right."""
    odd = line[at.column - 1]
    fixed = "".join(" " if letter.isspace() or letter == odd else letter for letter in line[: _width(line)])
    report.error("bad-yaml", at, f"not YAML: the indentation holds U+{ord(odd):04X}, which only looks like a blank",
                 suggestion=fixed + line[_width(line) :].rstrip(), length=1)  # fmt: skip


def _width(line: str) -> int:
    match = _ODD.match(line)
    return match.end() - 1 if match is not None else 0


def _open_quote(lines: list[str], number: int, error: yaml.MarkedYAMLError) -> tuple[int, int] | None:
    """Line and column (from 0) of the quote whose end is missing: it took the beginning of the next text for its end.

    The fault shows behind that wrong end, so the quote is the last that opened above and closed on the line of the fault.
    """
    if error.context_mark is not None and "quoted scalar" in str(error.context):
        row, column = error.context_mark.line, error.context_mark.column
        # YAML breaks lines at other characters, too (U+0085): its count may go beyond ours.
        return (row, column) if row < len(lines) and column < len(lines[row]) else None
    opened: tuple[int, int] | None = None
    for index in range(number + 1):
        line, at = lines[index], 0
        if opened is not None:
            close = _closing(line, lines[opened[0]][opened[1]])
            if close < 0:
                continue
            if index == number:
                return opened
            opened, at = None, close + 1
        while at < len(line):
            letter = line[at]
            if letter == "#" and (at == 0 or line[at - 1].isspace()):
                break
            if letter in _QUOTED and _BEFORE_QUOTE.search(line[:at]):
                whole = _QUOTED[letter].match(line, at)
                if whole is None:
                    opened = (index, at)
                    break
                at = whole.end()
                continue
            at += 1
    return None


def _closing(line: str, quote: str) -> int:
    """Where a text that goes on in this line ends; -1 when it does not."""
    whole = _QUOTED[quote].match(quote + line)
    return whole.end() - 2 if whole is not None else -1


def _special_start(lines: list[str], number: int) -> int | None:
    match = _VALUE.match(lines[number]) if number < len(lines) else None
    if match is None or match["value"][0] not in _SPECIAL:
        return None
    value = match["value"]
    if value[0] in "{[" and _balanced(value):
        return None
    return match.start("value")


def _balanced(value: str) -> bool:
    """A flow map or list that closes at the end of its line, or goes on in the next one, is not a text."""
    depth = 0
    for position, letter in enumerate(value):
        depth += (letter in "{[") - (letter in "}]")
        if depth == 0:
            return position == len(value) - 1
    return value[0] == "{" and not value.startswith("{{")


def quoted_line(lines: list[str], number: int, column: int) -> str:
    """The line with its value in quotes; empty when no value can be told apart."""
    if not 0 < number <= len(lines):
        return ""
    match = _VALUE.match(lines[number - 1].rstrip("\r"))
    if match is None:
        return ""
    value = match["value"]
    if value[0] in "\"'":
        return ""
    return match["before"].strip("\n") + quoted(value)


def quoted(value: str) -> str:
    """A text in the quotes that need no escapes, where there are such."""
    if '"' not in value and "\\" not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"
