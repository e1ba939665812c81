"""The past of the pipeline's tables."""

from __future__ import annotations

from pathlib import Path

from ses.migrations.history import History

PIPELINE = History(
    name="pipeline",
    folder=Path(__file__).parent / "migrations",
    version_table="pipeline_version",
    head="0002",
)
