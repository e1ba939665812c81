"""Robots out of texts, without a disk."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from ses.scenario.load import Loaded, load_files
from ses.scenario.program.robot import Program
from ses.scenario.reading.files import RobotFiles


@pytest.fixture(scope="session")
def load() -> Callable[..., Loaded]:
    """`load(text, **more files)`: a robot of one file, `robot.yaml`, Russian unless it says otherwise."""

    def load(
        text: str, *, tables: dict[str, str] | None = None, media: tuple[str, ...] = (), **files: str
    ) -> Loaded:
        scripts = {"robot.yaml": dedent(text).encode()}
        scripts |= {f"{name}.yaml": dedent(more).encode() for name, more in files.items()}
        return load_files(
            RobotFiles(
                "demo",
                scripts,
                {name: table.encode() for name, table in (tables or {}).items()},
                dict.fromkeys(media, "0"),
            )
        )

    return load


@pytest.fixture(scope="session")
def program(load: Callable[..., Loaded]) -> Callable[..., Program]:
    """`program(text)`: the program of a robot without errors."""

    def program(text: str, **more: object) -> Program:
        loaded = load(text, **more)
        assert loaded.program is not None, [(one.at, one.message) for one in loaded.errors]
        return loaded.program

    return program
