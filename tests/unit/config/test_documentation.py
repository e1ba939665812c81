"""The administrator's table shows every key, with its true default, in both languages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ses.config import Config
from ses.config.schema import all_keys

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]*) \|", re.MULTILINE)
PAGES = ["docs/operations.md", "docs/ru/operations.md"]
SERVICES = {"smc", "spr", "see", "sbs", "tts", "qas"}


def leaves() -> dict[str, tuple[str | int, ...]]:
    """Every key that holds a value, written as in the table, with its path."""
    paths = [path for path, _ in all_keys(Config)]
    inner = {path[:-1] for path in paths} | {path[:-2] for path in paths if path[-2:-1] == ("*",)}
    found = {}
    for path in paths:
        if path in inner:
            continue
        steps = ["{service}" if path[0] == "servers" and step in SERVICES else str(step) for step in path]
        found[".".join(steps).replace("*", "{name}")] = path
    return found


def table(document: str) -> dict[str, str]:
    """Of the part on config.json: key → what its second column says."""
    text = (ROOT / document).read_text(encoding="utf-8")
    part = text.split("## config.json")[1].split("\n## ")[0]
    return {key: default.strip() for key, default in ROW.findall(part)}


def default_of(path: tuple[str | int, ...]) -> object:
    """The default of a key, from its field; the text of the path as it is written in the file."""
    part: Any = Config
    for step in path[:-1]:
        part = part.model_fields[step].annotation
    default = part.model_fields[path[-1]].default
    return str(default) if isinstance(default, Path) else default


@pytest.mark.parametrize("document", PAGES)
def test_the_table_has_every_key_and_no_other(document):
    assert sorted(table(document)) == sorted(leaves())


@pytest.mark.parametrize("document", PAGES)
def test_the_defaults_in_the_table_are_true(document):
    rows = table(document)
    checked = 0
    for key, path in leaves().items():
        if "{" in key or key.startswith(
            ("llm", "auth", "tls", "gateway.users", "gateway.journal", "gateway.wait")
        ):
            continue
        told = json.loads(rows[key].strip("`"))
        actual = default_of(path)
        actual = list(actual) if isinstance(actual, tuple) else actual
        same = told.rstrip("/") == actual if isinstance(told, str) else told == actual
        assert same, f"{document}: {key} is {actual!r}"
        checked += 1
    assert checked > 25


def test_both_languages_give_the_same_commands_and_settings():
    blocks = [
        re.findall(r"```(?:nginx|html)\n.*?```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
        for page in PAGES
    ]
    assert len(blocks[0]) == 2
    assert blocks[0] == blocks[1]
