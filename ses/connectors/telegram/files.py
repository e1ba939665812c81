"""The bytes behind `Attachment.media`, as Telegram takes them; what it has got once is sent by its identifier."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cachetools import LRUCache
from telegram import InputFile, Message

from ses.connectors.contract import DeliveryFailed, Recording, no_recording
from ses.connectors.media import RobotFolder, own_file
from ses.connectors.telegram.attachments import OWN_FILE
from ses.connectors.telegram.render import File

UPLOAD = 50 << 20
"""Bytes of a file that a bot may send."""
PHOTO = 10 << 20
"""Bytes of a picture; a larger one goes as a file."""
REMEMBERED = 1_000
"""Files whose identifiers are remembered."""


class Files:
    """The files of one bot's robot, and what it says aloud."""

    def __init__(self, folder: RobotFolder, recording: Recording = no_recording) -> None:
        self._folder = folder
        self._recording = recording
        self._sent: LRUCache[tuple[str, int, int], str] = LRUCache(REMEMBERED)
        """Path, time and size → the identifier that Telegram gave it."""

    async def source(
        self, file: File, *, album: bool = False
    ) -> tuple[InputFile | str, tuple[str, int, int] | None]:
        """What the Bot API is handed (in an album: as a part of its own), and under what the answer's identifier is to be remembered.

        Raises `DeliveryFailed` for a file that is not there.
        """
        if file.media.startswith(OWN_FILE):
            return file.media.removeprefix(OWN_FILE), None
        if file.media.startswith(("https://", "http://")):
            return file.media, None
        path = own_file(self._folder(), file.media) or self._recording(file.media)
        if path is None:
            raise DeliveryFailed(f"there is no file {file.media!r} in the robot's folder", None)
        known = await asyncio.to_thread(_state, path)
        if known[2] > UPLOAD:
            raise DeliveryFailed(f"{file.media!r} has more than 50 MB, which Telegram does not take", None)
        identifier = self._sent.get(known)
        if identifier is not None:
            return identifier, None
        content = await asyncio.to_thread(path.read_bytes)
        return InputFile(content, filename=file.name or path.name, attach=album), known

    def remember(self, known: tuple[str, int, int] | None, message: Message) -> None:
        """Note under which identifier Telegram keeps the file it got."""
        identifier = _identifier(message)
        if known is not None and identifier:
            self._sent[known] = identifier


def _state(path: Path) -> tuple[str, int, int]:
    stat = path.stat()
    return str(path), stat.st_mtime_ns, stat.st_size


def _identifier(message: Message) -> str:
    if message.photo:
        return message.photo[-1].file_id
    for held in (
        message.animation,
        message.document,
        message.audio,
        message.voice,
        message.video,
        message.sticker,
    ):
        if held is not None:
            return held.file_id
    return ""
