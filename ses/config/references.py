"""Values that stand elsewhere: `env:NAME` and `file:PATH`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ses.config.document import Path as Keys

LARGEST = 65_536
"""Bytes of a file that is read as a value."""


class Unreadable(Exception):
    """A reference that leads to nothing; the text says what to do."""


class References:
    """Replaces references in a value by what they name, and remembers where they stood."""

    def __init__(self, environment: Mapping[str, str], base: Path) -> None:
        self._environment = environment
        self._base = base
        self.read: dict[Keys, str] = {}
        """Where a reference stood → the text that was put there."""
        self.failed: list[tuple[Keys, str]] = []

    def resolve(self, value: Any, path: Keys = ()) -> Any:
        """The value with every reference in it replaced; what cannot be read is listed in `failed` and stays."""
        if isinstance(value, dict):
            return {key: self.resolve(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item, (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, str) or not value.startswith(("env:", "file:")):
            return value
        kind, _, name = value.partition(":")
        try:
            text = self._from_environment(name) if kind == "env" else self._from_file(name)
        except Unreadable as error:
            self.failed.append((path, str(error)))
            return value
        self.read[path] = text
        return text

    def _from_environment(self, name: str) -> str:
        if name not in self._environment:
            raise Unreadable(f"the environment variable {name or '(without a name)'} is not set")
        return self._environment[name]

    def _from_file(self, name: str) -> str:
        file = self._base / name
        try:
            with file.open("rb") as stream:
                content = stream.read(LARGEST + 1)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a path"
            raise Unreadable(f"cannot read the file {file}: {reason}") from None
        if len(content) > LARGEST:
            raise Unreadable(f"the file {file} is larger than {LARGEST} bytes, too large for a value")
        try:
            return content.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise Unreadable(f"the file {file} is not UTF-8 text") from None
