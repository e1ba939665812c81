"""Files of visitors: kept under random names, known only to the session that sent them."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

from ses.errors import SesError
from ses.messages import Attachment, Conversation

SCHEME = "upload:"
"""What `Attachment.media` of an upload begins with; its id follows."""
FILES = 100
"""Files a session may have sent; more are refused."""
KEPT = 30 * 86400.0
"""Seconds after its last upload that a session's files are kept."""
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_HEAD = 64
"""Bytes by which a file's type is told."""


class UploadRefused(SesError):
    """The file is not taken; `status` is the HTTP status that says why. With `retry_after` (seconds) it may be then."""

    def __init__(self, status: int, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class Upload(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a stored file."""

    id: str
    kind: Literal["image", "file", "audio", "video"]
    name: str
    """As the visitor called it, without folders and control characters."""
    mime: str
    """Told by its first bytes, never by its name or by the sender."""
    size: int


class UploadFolder:
    """Implements `Uploads` over a folder: one folder a session, in it each file and what is known of it."""

    def __init__(self, folder: Path, largest: int) -> None:
        self._folder = folder
        self.largest = largest

    async def keep(self, conversation: Conversation, name: str, chunks: AsyncIterator[bytes]) -> Upload:
        """Store a file as it comes. Raises `UploadRefused`; nothing of it is left then."""
        home = self._home(conversation)
        await asyncio.to_thread(_make_room, home)
        upload = secrets.token_urlsafe(16)
        path = home / upload
        file = await asyncio.to_thread(path.open, "xb")
        try:
            size, head = await self._write(file, chunks)
        except BaseException:
            file.close()
            path.unlink()
            raise
        await asyncio.to_thread(file.close)
        kind, mime = sniffed(head)
        stored = Upload(upload, kind, _plain_name(name), mime, size)
        await asyncio.to_thread((home / f"{upload}.json").write_bytes, msgspec.json.encode(stored))
        return stored

    async def _write(self, file: BinaryIO, chunks: AsyncIterator[bytes]) -> tuple[int, bytes]:
        size, head = 0, b""
        async for chunk in chunks:
            size += len(chunk)
            if size > self.largest:
                raise UploadRefused(413, f"a file may have {self.largest} bytes at most")
            if len(head) < _HEAD:
                head += chunk[:_HEAD]
            await asyncio.to_thread(file.write, chunk)
        if not size:
            raise UploadRefused(400, "the file is empty")
        return size, head

    async def attachment(self, conversation: Conversation, upload: str) -> Attachment | None:
        """The file of that id if this session sent it."""
        found = await self.find(conversation, upload)
        if found is None:
            return None
        stored, _ = found
        return Attachment(
            kind=stored.kind, name=stored.name, media=SCHEME + stored.id, mime=stored.mime, size=stored.size
        )

    async def find(self, conversation: Conversation, upload: str) -> tuple[Upload, Path] | None:
        """What is known of a file of this session, and where it lies."""
        if not _ID.fullmatch(upload):
            return None
        path = self._home(conversation) / upload
        try:
            raw = await asyncio.to_thread(path.with_name(f"{upload}.json").read_bytes)
        except FileNotFoundError:
            return None
        return msgspec.json.decode(raw, type=Upload), path

    async def drop(self, conversation: Conversation, upload: str) -> None:
        """Remove a file of this session."""
        found = await self.find(conversation, upload)
        if found is not None:
            for path in (found[1].with_name(f"{upload}.json"), found[1]):
                await asyncio.to_thread(path.unlink, missing_ok=True)

    async def run(self) -> None:
        """Sweep once an hour, until cancelled."""
        while True:
            await asyncio.to_thread(self.sweep)
            await asyncio.sleep(3600)

    def sweep(self) -> int:
        """Drop the files of sessions that have sent none for `KEPT`; how many sessions. Slow: call it off the loop."""
        horizon, dropped = time.time() - KEPT, 0
        for home in self._folder.iterdir() if self._folder.is_dir() else ():
            if home.is_dir() and home.stat().st_mtime < horizon:
                shutil.rmtree(home)
                dropped += 1
        return dropped

    def _home(self, conversation: Conversation) -> Path:
        return self._folder / hashlib.sha256("\0".join(conversation).encode()).hexdigest()[:32]


def as_voice(attachment: Attachment) -> Attachment | None:
    """A recording as a voice message; none when the file is no sound. Browsers record into containers of films."""
    kind, _, form = attachment.mime.partition("/")
    if kind not in ("audio", "video"):
        return None
    return msgspec.structs.replace(attachment, kind="voice", mime=f"audio/{form}")


def _make_room(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if sum(1 for _ in home.glob("*.json")) >= FILES:
        raise UploadRefused(429, f"{FILES} files were sent in this conversation already")


def _plain_name(name: str) -> str:
    last = re.split(r"[/\\]", name)[-1]
    return "".join(sign for sign in last if sign.isprintable())[:200].strip() or "file"


_SIGNS: tuple[tuple[bytes, Literal["image", "file", "audio", "video"], str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image", "image/png"),
    (b"\xff\xd8\xff", "image", "image/jpeg"),
    (b"GIF87a", "image", "image/gif"),
    (b"GIF89a", "image", "image/gif"),
    (b"%PDF-", "file", "application/pdf"),
    (b"OggS", "audio", "audio/ogg"),
    (b"ID3", "audio", "audio/mpeg"),
    (b"\xff\xfb", "audio", "audio/mpeg"),
    (b"fLaC", "audio", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video", "video/webm"),
    (b"PK\x03\x04", "file", "application/zip"),
)


def sniffed(head: bytes) -> tuple[Literal["image", "file", "audio", "video"], str]:
    """Kind and type by the first bytes. Everything else, SVG and HTML above all, is a file without a type."""
    for sign, kind, mime in _SIGNS:
        if head.startswith(sign):
            return kind, mime
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image", "image/webp"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio", "audio/wav"
    if head[4:8] == b"ftyp":
        return "video", "video/mp4"
    return "file", "application/octet-stream"
