"""A robot's own files on their way to MAX: uploaded once, then named by their tokens."""

from __future__ import annotations

from cachetools import LRUCache

from ses.connectors.contract import DeliveryFailed, Recording
from ses.connectors.media import SPOKEN, RobotFolder, own_file
from ses.messages import Attachment
from ses_connector_max.client import Client
from ses_connector_max.render import upload_kind

REMEMBERED = 1_000
"""Files whose tokens are remembered."""


class Files:
    """The files of one bot's robot."""

    def __init__(self, client: Client, folder: RobotFolder, recording: Recording) -> None:
        self._client = client
        self._folder = folder
        self._recording = recording
        self._tokens: LRUCache[tuple[str, int, str], str] = LRUCache(REMEMBERED)

    async def attached(self, attachment: Attachment) -> dict[str, object] | None:
        """As `POST /messages` takes it; none for spoken words that are gone, for they stand in the text.

        Raises `DeliveryFailed` for a file that is not there, and `CallFailed`.
        """
        path = own_file(self._folder(), attachment.media) or self._recording(attachment.media)
        if path is None and attachment.media.startswith(SPOKEN):
            return None
        if path is None:
            raise DeliveryFailed(f"there is no file {attachment.media!r} in the robot's folder", None)
        kind = upload_kind(attachment)
        key = (str(path), path.stat().st_mtime_ns, kind)
        token = self._tokens.get(key)
        if token is None:
            token = await self._client.upload(kind, path, attachment.name or path.name)
            self._tokens[key] = token
        return {"type": kind, "payload": {"token": token}}
