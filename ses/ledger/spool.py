"""Where the journal waits on disk while its database is down: a file of JSON lines, bounded, read again in order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from ses.ledger.contract import Entry


class Settings(msgspec.Struct, frozen=True, kw_only=True, tag="settings"):
    """What a daemon ran with."""

    started_at: float
    """Seconds since 1970."""
    version: str
    settings: str
    """JSON, secrets masked."""


class Kept(msgspec.Struct, frozen=True, tag="entry"):
    """An entry, and the row of its settings; 0: the settings above it in the file."""

    entry: Entry
    config_id: int


class SpoolFull(Exception):
    """No more may be kept; the message says why."""


Line = Settings | Kept

_decode = msgspec.json.Decoder(Line).decode
_encode = msgspec.json.Encoder().encode


class Spool:
    """All methods write or read a file: call them off the loop."""

    def __init__(self, folder: Path, limit: int) -> None:
        """`limit` in bytes."""
        self._folder = folder
        self._file = folder / "waiting.jsonl"
        self._reading = folder / "reading.jsonl"
        self._done = folder / "reading.offset"
        self._limit = limit

    @property
    def empty(self) -> bool:
        return not self._file.exists() and not self._reading.exists()

    def append(self, lines: Sequence[Line]) -> None:
        """On disk when it returns. Raises `SpoolFull`."""
        text = b"".join(_encode(line) + b"\n" for line in lines)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            waiting = sum(file.stat().st_size for file in (self._file, self._reading) if file.exists())
            if waiting + len(text) > self._limit:
                raise SpoolFull(f"{self._file} has its {self._limit} bytes")
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise SpoolFull(f"{self._file} cannot be written: {error.strerror}") from None

    def batches(self, size: int) -> Iterator[list[Line]]:
        """What waits, the oldest first. A batch counts as read when the next one is asked for."""
        while True:
            if not self._reading.exists():
                if not self._file.exists():
                    return
                self._file.rename(self._reading)
            with self._reading.open("rb") as file:
                file.seek(self._offset())
                while batch := [line for _, line in zip(range(size), file, strict=False)]:
                    end = file.tell()
                    yield [_decode(line) for line in batch if line.endswith(b"\n")]
                    self._done.write_text(str(end))
            self._reading.unlink()
            self._done.unlink(missing_ok=True)

    def _offset(self) -> int:
        try:
            return int(self._done.read_text())
        except (FileNotFoundError, ValueError):
            return 0
