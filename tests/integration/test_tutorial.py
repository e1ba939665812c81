"""The tutorial is true: its files make its robot, its commands print what it shows."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"^```(?P<kind>[\w]+)(?: file=(?P<file>\S+))?\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE
)
SECONDS = re.compile(r"\d+\.\d\d s")


EDIT = re.compile(r"<!-- edit (\S+): (.+?) → (.+?) -->")
"""What the page asks its reader to change by hand, said once more for this test."""


class Block(NamedTuple):
    """A fenced block, or (kind `edit`) a change to a file: body is what was, what is to be."""

    kind: str
    file: str | None
    body: str


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    found = [
        (match.start(), Block(match["kind"], match["file"], match["body"])) for match in BLOCK.finditer(text)
    ]
    found += [
        (match.start(), Block("edit", match[1], f"{match[2]}\0{match[3]}")) for match in EDIT.finditer(text)
    ]
    return (block for _, block in sorted(found))


def run(command: str, folder: Path, typed: str) -> str:
    """What a `ses` command prints, with its error output."""
    words = shlex.split(command)
    done = subprocess.run(
        [sys.executable, "-m", "ses", *words[1:]], cwd=folder, input=typed, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def console(body: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block with what is shown below it."""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command.split("  #")[0].strip(), shown


@pytest.mark.slow
@pytest.mark.parametrize("document", ["tutorial.md", "ru/tutorial.md"])
def test_the_tutorial_can_be_followed(document: str, tmp_path: Path) -> None:
    """Files are written and commands run in the page's order, so each is tried in the state its reader is in."""
    checked = 0
    for block in blocks(ROOT / "docs" / document):
        if block.kind == "edit":
            before, after = block.body.split("\0")
            path = tmp_path / str(block.file)
            text = path.read_text("utf-8")
            assert before in text
            path.write_text(text.replace(before, after), "utf-8")
        elif block.file is not None:
            path = tmp_path / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, "utf-8")
        elif block.kind == "console":
            for command, shown in console(block.body):
                if not command.startswith(("ses chat", "ses check", "ses test")):
                    continue
                typed = "".join(f"{line[2:]}\n" for line in shown.splitlines() if line.startswith("> "))
                assert SECONDS.sub("… s", run(command, tmp_path, typed)) == SECONDS.sub("… s", shown), command
                checked += 1
    assert checked >= 5
