"""The schema for editors accepts what `ses check` accepts, and says something about every key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from ses.scenario.findings.report import Report
from ses.scenario.models.json_schema import robot_schema
from ses.scenario.reading.document import read_yaml
from ses.scenario.reading.nodes import plain_data

SCHEMA = robot_schema()
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)
DEMOS = [
    path
    for path in sorted((Path(__file__).parents[3] / "scenarios").rglob("*.yaml"))
    if not {"data", "tests"} & set(path.parts)
]


def data_of(raw: bytes) -> Any:
    document = read_yaml("f.yaml", raw, Report())
    assert document.root is not None
    return plain_data(document.root)


def test_it_is_a_schema() -> None:
    jsonschema_rs.meta.validate(SCHEMA)


@pytest.mark.parametrize("path", DEMOS, ids=lambda path: path.name)
def test_the_demo_robots_fit_it(path: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(data_of(path.read_bytes()))] == []


@pytest.mark.parametrize(
    "text",
    [
        "flowz: {}", "flows: {a: {step: [end]}}", "flows: {a: {steps: [{sey: А}]}}", "slots: {a: {retries: два}}",
        "slots: {a: {optional: yes}}", "session: {idle: soon}", "qas: {threshold: 60}", "flows: {a: {steps: [{wait: {for: 10m}}]}}",
    ],
)  # fmt: skip
def test_what_is_wrong_does_not_fit_it(text: str) -> None:
    assert not VALIDATOR.is_valid(data_of(text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        "flows: {a: {on: '* да *', needs: size, steps: {say: Да}}}", "flows: {a: {steps: [end, {say: [А, Б]}, {say: {ru: А, en: B}}]}}",
        "events: {start: hello, error: [{say: А}], fallback: [{say: А}, [{say: Б}, end]]}", "variables: {a: 1, b: {value: [], keep: user}}",
        "entities: {e: {values: {a: форма, b: [а, б], c: {label: В, forms: [в]}}}}", "slots: {a: {ask: Что?, buttons: choices}}",
        "flows: {a: {steps: [{ask: [size, {slot: b, again: true}]}, {call: b}, {call: {flow: b}}, {return: 1}]}}",
    ],
)  # fmt: skip
def test_short_forms_fit_it(text: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(data_of(text.encode()))] == []


def test_every_key_of_a_definition_is_described() -> None:
    for name, shape in SCHEMA["$defs"].items():
        if name in ("Handler", "LabelStep", "AnyStep", "Steps"):
            continue
        for key, value in shape.get("properties", {}).items():
            assert value.get("description"), f"{name}.{key}"
