"""The in-flight marker: which inbound was being computed when the process died, in eight bytes that outlive it.

They lie in a shared mapping of a small file. What is written there belongs to the kernel at once, costs nothing, and
survives any death of the process (not that of the machine, which says nothing about an inbound).
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

_ROW = struct.Struct("<q")


class InFlightMarker:
    """One row's number; 0 stands for none."""

    def __init__(self, path: Path) -> None:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(file, _ROW.size)
            self._map = mmap.mmap(file, _ROW.size)
        finally:
            os.close(file)
        (self.found,) = _ROW.unpack_from(self._map)
        """What a former process left."""
        self.set(0)

    def set(self, row: int) -> None:
        _ROW.pack_into(self._map, 0, row)

    def close(self) -> None:
        self._map.close()
