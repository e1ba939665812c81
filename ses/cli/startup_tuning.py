"""Startup tuning: spares a process memory for unused libraries, and time for collections that find nothing."""

from __future__ import annotations

import gc
import importlib
import sys

YOUNG = 50_000
"""Objects made and kept between two looks of the garbage collector. Python's own 700 cost a tenth of a start, for what is imported
stays, and a tenth of a message."""


def collect_seldom() -> None:
    """A turn leaves no cycles behind, so what is to be collected is little, and may wait."""
    gc.set_threshold(YOUNG, 20, 50)


def import_structlog_alone() -> None:
    """Import structlog as if rich were not installed: it wants rich for coloured tracebacks only, which no log of ours
    has, and that costs three megabytes. Whoever imports rich itself later gets it."""
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]  # the import system's way to say: there is none
    try:
        importlib.import_module("structlog")
    finally:
        del sys.modules["rich"]
