"""Lists and texts are sorted, cut and replaced in; what is no list or too large is refused."""

from __future__ import annotations

from typing import Any

import pytest

from ses.errors import StepError
from ses.scenario.expressions.compiled import compile_expression
from ses.scenario.expressions.inference import NUMBER, TEXT, Type, TypeProblem, infer
from ses.scenario.findings.fault import Fault

SCOPE: dict[str, Any] = {
    "n": 5,
    "goods": [{"t": "чай", "p": 150}, {"t": "сок"}, {"t": "кофе", "p": 90.5}],
    "text": "а, б, в",
    "long": "a" * 60_000,
    "empty": None,
}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("[3, 1, none, 2]|sort", [1, 2, 3, None]),
        ("goods|sort('p')|map('t')", ["кофе", "чай", "сок"]),
        ("empty|sort", []),
        ("text|split(', ')", ["а", "б", "в"]),
        ("'раз  два'|split", ["раз", "два"]),
        ("'1234'|split('')", ["1", "2", "3", "4"]),
        ("text|replace(', ', '')", "абв"),
        ("[1, 2, 3, 4][1:3]", [2, 3]),
        ("'слово'[:2]", "сл"),
        ("'слово'[-2:]", "во"),
        ("'слово'[n:99]", ""),
        ("empty[1:]|default('нет')", "нет"),
    ],
)
def test_lists_and_texts(source: str, value: Any) -> None:
    assert compile_expression(source).evaluate(SCOPE) == value


@pytest.mark.parametrize(
    "source",
    [
        "n|sort",
        "[1, 'а']|sort",
        "n|split",
        "long|replace('a', 'bb')",
        "text|replace('', 'x')",
        "n[1:2]",
        "text[:1.5]",
    ],
)
def test_what_cannot_be_done_is_an_error_of_the_step(source: str) -> None:
    with pytest.raises(StepError):
        compile_expression(source).evaluate(SCOPE)


def test_a_slice_has_no_step() -> None:
    with pytest.raises(Fault, match="no step"):
        compile_expression("text[::2]")


@pytest.mark.parametrize(
    ("source", "kind"), [("t[1:2]", "text"), ("l[1:2]", "list"), ("l|sort", "list"), ("t|split", "list")]
)
def test_their_types_are_known(source: str, kind: str) -> None:
    assert infer(source, {"t": TEXT, "l": Type("list")}).kind == kind


@pytest.mark.parametrize("source", ["n[1:2]", "t|sort", "n|split", "t['a':]", "l|replace('a', 'b')"])
def test_wrong_types_are_told_before_anything_runs(source: str) -> None:
    with pytest.raises(TypeProblem):
        infer(source, {"t": TEXT, "n": NUMBER, "l": Type("list")})
