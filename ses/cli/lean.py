"""Keeps what nobody uses out of the daemon's memory."""

from __future__ import annotations

import importlib
import sys


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
