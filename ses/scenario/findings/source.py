"""Where something stands in a robot's files."""

from __future__ import annotations

from typing import NamedTuple


class Source(NamedTuple):
    """A position in a robot's files. Lines and columns count from 1."""

    file: str
    line: int
    column: int
