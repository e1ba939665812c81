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
