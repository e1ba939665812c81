"""The lock of the database: an advisory one on a file beside it, gone with its process however that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ses.storage.contract import StoreRefused


class OwnerLock:
    """Held from `acquire` to `release`; the file names the process that holds it."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._file = -1

    def acquire(self) -> None:
        """Raises `StoreRefused` when another process has it."""
        path = self._database.with_name(self._database.name + ".lock")
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(file, 32).decode("ascii", "replace").strip()
            os.close(file)
            raise StoreRefused(
                f"{self._database} is in use by another daemon{f' (process {owner})' if owner else ''}; "
                "stop that one, or give this one its own `storage.url`"
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode("ascii"), 0)
        self._file = file

    def release(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
