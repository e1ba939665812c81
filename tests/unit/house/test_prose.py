"""Pages are wrapped like code: a line of prose has at most 110 characters."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WIDTH = 110
PAGES = subprocess.run(
    ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split()


def too_long(text: str) -> list[int]:
    """Lines that are longer and could have been broken: at a blank that is not within code or an address.

    Tables, blocks of code and headings may be as long as they are.
    """
    found, fenced = [], False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        if fenced or len(line) <= WIDTH or line.lstrip().startswith(("|", "#")):
            continue
        whole = re.sub(r"`[^`]*`|\]\([^)]*\)", lambda match: "x" * len(match[0]), line)
        indent = len(line) - len(re.sub(r"^\s*([-*>]|\d+\.)?\s*", "", line))
        if " " in whole[indent : WIDTH + 1]:
            found.append(number)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_prose_is_wrapped(page):
    assert too_long((ROOT / page).read_text(encoding="utf-8")) == []


def test_the_rule_knows_prose_from_what_cannot_be_broken():
    assert too_long("word " * 30) == [1]
    assert too_long(f"- see [the page]({'x' * 120})") == [1]
    assert too_long(f"- [page]({'x' * 120})") == []
    assert (
        too_long(f"| {'word ' * 30} |\n## {'word ' * 30}\n```\n{'word ' * 30}\n```\n`{'word ' * 30}`") == []
    )
