"""A robot's files as bytes: read once from disk, then everything else is a function of them."""

from __future__ import annotations

import functools
import grp
import hashlib
import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ses.scenario.findings.report import Report
from ses.scenario.findings.source import Source

MAX_FILES = 2000
MAX_TABLE = 16 * 1024 * 1024
_YAML = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class RobotFiles:
    """What a robot consists of. Its version is the hash of this; `tests/` do not belong to it."""

    name: str
    """The folder's name, or the file's without `.yaml`: the robot's id unless it says otherwise."""
    scripts: dict[str, bytes] = field(default_factory=dict)
    """YAML files of the language, by path below the folder."""
    tables: dict[str, bytes] = field(default_factory=dict)
    """Files below `data/`."""
    media: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each file below `media/`, by path below the folder."""


def is_robot(path: Path) -> bool:
    """A folder with YAML files, or a single YAML file."""
    if path.name.startswith((".", "_")):
        return False
    if path.is_dir():
        return any(entry.suffix in _YAML for entry in path.iterdir()) or (path / "flows").is_dir()
    return path.suffix in _YAML


def read_files(path: Path, report: Report) -> RobotFiles:
    """The robot at `path`. What may not be read (links out, folders others may write) is reported and left out."""
    if not path.is_dir():
        files = RobotFiles(path.stem)
        _refuse_writable(path, path.name, report)
        files.scripts[path.name] = _bytes(path, path.name, report)
        return files
    files = RobotFiles(path.name)
    root = path.resolve()
    _refuse_writable(path, path.name, report)
    for count, (file, name) in enumerate(_walk(root, root, report)):
        if count >= MAX_FILES:
            report.error("too-many-files", Source(name, 1, 1), f"a robot has at most {MAX_FILES} files")
            break
        top = name.split("/")[0]
        if top == "media":
            files.media[name] = _digest(file)
        elif top == "data":
            files.tables[name] = _bytes(file, name, report, MAX_TABLE)
        elif top not in ("tests", "scripts") and file.suffix in _YAML:
            files.scripts[name] = _bytes(file, name, report)
    if not files.scripts:
        report.error("no-files", Source("robot.yaml", 1, 1), "the folder has no YAML files")
    return files


def _walk(folder: Path, root: Path, report: Report) -> Iterator[tuple[Path, str]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        name = entry.relative_to(root).as_posix()
        if entry.name.startswith(".") or entry.name.endswith("~") or entry.name == "__pycache__":
            continue
        if entry.is_symlink() and not entry.resolve().is_relative_to(root):
            report.error("link-out", Source(name, 1, 1), "a link to a place outside the robot's folder",
                         suggestion="copy the file into the folder")  # fmt: skip
            continue
        if entry.is_dir():
            if entry.is_symlink():
                report.error("link-out", Source(name, 1, 1), "a linked folder", suggestion="make it a folder")
                continue
            _refuse_writable(entry, name, report)
            yield from _walk(entry, root, report)
        elif entry.is_file():
            _refuse_writable(entry, name, report)
            yield entry, name


def _refuse_writable(path: Path, name: str, report: Report) -> None:
    """Others who may write here could make the robot say and call anything."""
    found = path.stat()
    mode = found.st_mode
    if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and not _own_group(found.st_uid, found.st_gid)):
        report.error(
            "writable-by-others", Source(name, 1, 1),
            f"others may write here (mode {stat.S_IMODE(mode):04o})", suggestion=f"chmod go-w {name}",
        )  # fmt: skip


@functools.cache
def _own_group(user: int, group: int) -> bool:
    """Whether a group is a user's own: named like him, his first one, with nobody else in it. Ubuntu gives everybody one and,
    because it lets in nobody, the right to write to it (umask 0002)."""
    try:
        owner, members = pwd.getpwuid(user), grp.getgrgid(group)
    except KeyError:
        return False
    return (
        owner.pw_gid == group and members.gr_name == owner.pw_name and set(members.gr_mem) <= {owner.pw_name}
    )


def _bytes(path: Path, name: str, report: Report, limit: int = 1024 * 1024) -> bytes:
    """At most one byte over the limit is read: the reader says that the file is too large."""
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        report.error("unreadable", Source(name, 1, 1), f"cannot be read: {os.strerror(error.errno or 0)}")
        return b""
    if len(raw) > limit and limit == MAX_TABLE:
        report.error("file-too-large", Source(name, 1, 1), "a table has at most 16 MB")
        return b""
    return raw


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
