"""What functions and filters have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Callee:
    """A function or filter: what it takes (arguments beside a filter's value) and gives (a type of `inference`)."""

    run: Callable[..., Any]
    least: int
    most: int
    gives: str
    timed: bool = False
    usage: str = ""
