"""Forms of words from a former start: a robot whose words are known needs no dictionary process."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import structlog

from ses.scenario.words import lexicon, tokeniser
from ses.scenario.words.lexicon import Lexicon, WordForms, word_forms_in_child

log = structlog.get_logger("ses.robots")

KEPT = 50
"""Files in the folder; the one that was unused longest goes first."""
LARGEST = 64 * 2**20
LIBRARIES = ("pymorphy3", "simplemma")
"""Beginnings of the names of the distributions that know words; dictionaries are among them."""


class Answer(msgspec.Struct):
    """What a file holds under its checksum."""

    key: str
    forms: dict[str, tuple[tuple[str, ...], frozenset[str]]]
    """Lemmas and forms, by word."""


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Answer).decode


class WordCache:
    """A `Lexicon` that keeps the answers of another one, a file each.

    An answer depends on the words, the languages, the versions of the libraries and this code alone; their digest is the
    file's name. A file that others may have written, or that is not as it was written, is passed over.
    """

    def __init__(
        self,
        folder: Path,
        lexicon: Lexicon = word_forms_in_child,
        libraries: tuple[str, ...] = LIBRARIES,
    ) -> None:
        """`libraries`: beginnings of the names of the distributions that `lexicon` has its words from."""
        self._folder = folder
        self._lexicon = lexicon
        self._libraries = libraries
        self._edition: bytes | None = None

    def __call__(self, words: Collection[str], languages: Sequence[str]) -> Mapping[str, WordForms]:
        key = self._key(words, languages)
        if not key:
            return self._lexicon(words, languages)
        path = self._folder / f"{key}.json"
        answer = _read(path, key)
        if answer is not None and answer.forms.keys() >= set(words):
            return {word: WordForms(*found) for word, found in answer.forms.items()}
        found = self._lexicon(words, languages)
        self._keep(path, Answer(key, {word: (one.lemmas, one.forms) for word, one in found.items()}))
        return found

    def _key(self, words: Collection[str], languages: Sequence[str]) -> str:
        """Empty when it is not known what the answer depends on."""
        if self._edition is None:
            self._edition = _edition(self._libraries)
        asked = msgspec.json.encode([sorted(words), list(languages)])
        return hashlib.sha256(self._edition + asked).hexdigest()[:40] if self._edition else ""

    def _keep(self, path: Path, answer: Answer) -> None:
        body = _encode(answer)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _new_file(path) as new, os.fdopen(new, "wb", closefd=False) as file:
                file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            for old in sorted(self._folder.glob("*.json"), key=_used)[:-KEPT]:
                old.unlink(missing_ok=True)
        except OSError as error:
            log.info("forms of words could not be kept for the next start", reason=str(error))


def _read(path: Path, key: str) -> Answer | None:
    """None when there is no such file, or none that can be trusted."""
    try:
        return _trusted(path, key)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("stored forms of words are passed over", file=str(path), reason=str(error))
        return None


def _trusted(path: Path, key: str) -> Answer:
    """Raises `OSError`, and `ValueError` for what this user did not write as it stands there."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        if reason := _distrusted(os.fstat(file)):
            raise ValueError(reason)
        with os.fdopen(file, "rb", closefd=False) as opened:
            checksum, _, body = opened.read(LARGEST).partition(b"\n")
    finally:
        os.close(file)
    if hashlib.sha256(body).hexdigest().encode() != checksum:
        raise ValueError("its checksum is wrong")
    answer = _decode(body)
    if answer.key != key:
        raise ValueError("it is an answer to something else")
    with suppress(OSError):
        os.utime(path)  # the one that was unused longest goes first
    return answer


def _distrusted(found: os.stat_result) -> str:
    if not stat.S_ISREG(found.st_mode):
        return "it is no file"
    if found.st_uid != os.geteuid():
        return "it belongs to somebody else"
    return "others may write it" if found.st_mode & 0o022 else ""


@contextmanager
def _new_file(path: Path) -> Iterator[int]:
    """A descriptor of what takes the place of `path` when all is written."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            yield file
        finally:
            os.close(file)
        new.replace(path)
    except BaseException:
        new.unlink()
        raise


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _names(folder: str) -> list[str]:
    return os.listdir(folder) if os.path.isdir(folder) else []  # noqa: PTH208, PTH112 - `Path` costs more than the look


def _edition(libraries: tuple[str, ...]) -> bytes:
    """What else an answer depends on: the libraries' versions and our code; empty when they cannot be told.

    Versions are read off the names of the folders that pip leaves: `importlib.metadata` takes ten times as long."""
    try:
        code = b"".join(Path(module.__file__ or "").read_bytes() for module in (lexicon, tokeniser))
        installed = sorted(
            name
            for folder in dict.fromkeys(sys.path)
            for name in _names(folder)
            if name.startswith(libraries) and name.endswith((".dist-info", ".egg-info"))
        )
    except OSError:
        return b""
    known = all(any(name.startswith(library) for name in installed) for library in libraries)
    return hashlib.sha256(code + "\n".join(installed).encode()).digest() if known else b""
