"""Where robots are, for commands that take folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ses.errors import SesError
from ses.scenario.reading.files import is_robot


class Found(NamedTuple):
    """A robot's folder (or its single file), and the test files asked for; none: all of them."""

    robot: Path
    files: list[Path] | None = None


def robots_at(paths: Sequence[Path]) -> list[Found]:
    """Each path is a robot, a folder of robots, or a file below a robot's `tests/`. Raises `SesError`."""
    return [found for path in paths for found in _at(path)]


def robot_named(name: str, scenarios: Path | None) -> Path:
    """The robot `name`: a path, or its folder or file below `scenarios`. Raises `SesError`."""
    candidates = [Path(name)]
    if scenarios is not None:
        candidates += [scenarios / name, scenarios / f"{name}.yaml", scenarios / f"{name}.yml"]
    for path in candidates:
        if path.exists() and is_robot(path):
            return path
    below = scenarios if scenarios is not None and scenarios.is_dir() else None
    known = ", ".join(sorted(one.stem for one in below.iterdir() if is_robot(one))) if below else ""
    told = f"; in {below} there are: {known}" if known else ""
    raise SesError(f"there is no robot «{name}»{told}")


def _at(path: Path) -> list[Found]:
    if not path.exists():
        raise SesError(f"there is no file or folder {path}")
    tests = next((folder for folder in path.parents if folder.name == "tests"), None)
    if path.is_file() and tests is not None and is_robot(tests.parent):
        return [Found(tests.parent, [path])]
    if is_robot(path):
        return [Found(path)]
    inner = [Found(one) for one in sorted(path.iterdir()) if is_robot(one)] if path.is_dir() else []
    if inner:
        return inner
    raise SesError(f"there is no robot in {path}: a robot is a folder with robot.yaml, or a file .yaml")
