"""Stand-ins for what tests cannot have for real, and what several folders of tests share. They do not travel in the wheel."""

import os
from pathlib import Path


def environment() -> dict[str, str]:
    """The environment of a child Python that imports `doubles` too."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
