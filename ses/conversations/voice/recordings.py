"""Where the bytes of a recording are, whichever way it came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from ses.audio.store import SCHEME, AudioStore
from ses.clock import Clock
from ses.connectors.contract import FetchFailed, Fetching
from ses.errors import StepError
from ses.messages import Conversation

LARGEST = 20 << 20
"""Bytes; Telegram hands out no larger files either."""
UPLOAD = "upload:"
"""What `Attachment.media` of a website's upload begins with."""
PAUSE = 1.0
"""Seconds before the second attempt to fetch."""


class UploadedFiles(Protocol):
    """The files of a website's visitors (`ses.connectors.web.uploads.UploadFolder`)."""

    async def find(self, conversation: Conversation, upload: str) -> tuple[Any, Path] | None: ...

    async def drop(self, conversation: Conversation, upload: str) -> None: ...


class Downloads(Protocol):
    async def download(self, url: str, limit: int) -> bytes: ...


class Recordings:
    """Reads recordings. A conversation sees its own only."""

    def __init__(
        self,
        store: AudioStore,
        uploads: UploadedFiles | None,
        downloads: Downloads,
        connector: Callable[[str], object],
        clock: Clock,
    ) -> None:
        self._store = store
        self._uploads = uploads
        self._downloads = downloads
        self._connector = connector
        self._clock = clock

    async def read(self, conversation: Conversation, media: str) -> bytes:
        """Raises `StepError`."""
        if media.startswith(SCHEME):
            data = await self._store.read(conversation, media)
        elif media.startswith(UPLOAD):
            data = await self._uploaded(conversation, media.removeprefix(UPLOAD))
        elif media.startswith(("https://", "http://")):
            data = await self._downloads.download(media, LARGEST)
        else:
            data = await self._fetched(conversation, media)
        if data is None:
            raise StepError("value", "there is no such recording in this conversation", service="files")
        return data

    def elsewhere(self, media: str) -> bool:
        """It lies with others and may go: it is to be kept here."""
        return not media.startswith((SCHEME, UPLOAD))

    async def drop(self, conversation: Conversation, media: str) -> None:
        """Remove a recording that lies here."""
        if media.startswith(UPLOAD):
            if self._uploads is not None:
                await self._uploads.drop(conversation, media.removeprefix(UPLOAD))
        elif (path := self._store.path(media)) is not None:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _uploaded(self, conversation: Conversation, upload: str) -> bytes | None:
        found = await self._uploads.find(conversation, upload) if self._uploads is not None else None
        if found is None:
            return None
        _, path = found
        size = (await asyncio.to_thread(path.stat)).st_size
        if size > LARGEST:
            raise StepError("value", "a recording is larger than 20 MB", service="audio")
        return await asyncio.to_thread(path.read_bytes)

    async def _fetched(self, conversation: Conversation, media: str) -> bytes | None:
        connector = self._connector(conversation.connector)
        if not isinstance(connector, Fetching):
            return None
        for left in (1, 0):
            try:
                return await connector.fetch(media, LARGEST)
            except FetchFailed as failure:
                if not failure.passing:
                    raise StepError("value", str(failure), service="files") from None
                if not left:
                    raise StepError("connect", str(failure), service="files") from None
            await self._clock.sleep(PAUSE)
        raise AssertionError("two attempts are made")
