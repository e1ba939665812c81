"""What can be said only of a robot as a whole."""

from __future__ import annotations

from ses.scenario.compile import Compiled
from ses.scenario.findings import Report


def check_whole(compiled: Compiled, report: Report) -> None:
    """Report what no single definition shows."""
