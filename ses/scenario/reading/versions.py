"""A robot's version: a hash of its files, and an archive from which the same robot can be loaded again."""

from __future__ import annotations

import hashlib
import zlib

import msgspec

from ses.errors import SesError
from ses.scenario.reading.files import RobotFiles

MAX_UNPACKED = 256 * 1024 * 1024


class BadArchive(SesError):
    """An archive that is not one of ours, or is damaged."""


class _Content(msgspec.Struct, frozen=True):
    format: int
    name: str
    scripts: list[tuple[str, bytes]]
    tables: list[tuple[str, bytes]]
    media: list[tuple[str, str]]


def _content(files: RobotFiles) -> bytes:
    """The same bytes for the same files, in whatever order they were read."""
    return msgspec.msgpack.encode(
        _Content(
            1,
            files.name,
            sorted(files.scripts.items()),
            sorted(files.tables.items()),
            sorted(files.media.items()),
        )
    )


def version_of(files: RobotFiles) -> str:
    """Sixteen hexadecimal digits: equal for equal files."""
    return hashlib.sha256(_content(files)).hexdigest()[:16]


def pack(files: RobotFiles) -> bytes:
    """The files as one archive. Media are in it by name and hash only: they are served from the folder."""
    return zlib.compress(_content(files), 6)


def unpack(archive: bytes) -> RobotFiles:
    """The files of an archive. Raises `BadArchive`."""
    try:
        inflater = zlib.decompressobj()
        raw = inflater.decompress(archive, MAX_UNPACKED)
        if inflater.unconsumed_tail or not inflater.eof:
            raise BadArchive("the archive of a robot's version is damaged or too large")
        content = msgspec.msgpack.decode(raw, type=_Content)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise BadArchive(f"the archive of a robot's version cannot be read: {error}") from error
    if content.format != 1:
        raise BadArchive(f"the archive of a robot's version has the format {content.format}, known is 1")
    return RobotFiles(content.name, dict(content.scripts), dict(content.tables), dict(content.media))
