"""A robot's own files, as `Attachment.media` names them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

RobotFolder = Callable[[], Path | None]
"""The folder in which the robot's files lie."""
SPOKEN = "audio:"
"""What `Attachment.media` of something said aloud begins with; where it lies a `Recording` tells."""


def own_file(folder: Path | None, media: str) -> Path | None:
    """The file below the robot's `media/`; none for one that is not there, or lies elsewhere."""
    if folder is None:
        return None
    try:
        path = (folder / media).resolve()
        inside = path.is_relative_to((folder / "media").resolve()) and path.is_file()
    except (OSError, ValueError):  # too long a name, a NUL in it
        return None
    return path if inside else None
