"""A robot's own files on their way to VK: uploaded once, then named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests
from cachetools import LRUCache
from vk_api import VkApiGroup, VkUpload
from vk_api.exceptions import VkApiError

from ses.connectors.contract import Recording, no_recording
from ses.connectors.media import SPOKEN, RobotFolder, own_file
from ses.connectors.vk.calls import Calls
from ses.connectors.vk.client import CallFailed
from ses.connectors.vk.wire import CONNECT
from ses.messages import Attachment

REMEMBERED = 1000
"""Uploads whose names are remembered."""
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".gif"})
UPLOADING = 60.0
"""Seconds."""


class Files:
    """Uploads of one community."""

    def __init__(self, calls: Calls, folder: RobotFolder, recording: Recording = no_recording) -> None:
        self._calls = calls
        self._folder = folder
        self._recording = recording
        self._known: LRUCache[tuple[str, float, str, int], str] = LRUCache(REMEMBERED)

    async def named(self, attachment: Attachment, peer: int) -> str | None:
        """How VK knows a file: `photo-1_2_key`; none for what is no file of the robot. Raises `CallFailed`."""
        if not attachment.media or "://" in attachment.media:
            return None
        path = own_file(self._folder(), attachment.media) or self._recording(attachment.media)
        if path is None:
            if attachment.media.startswith(SPOKEN):
                return None  # what it says aloud is gone; its words are in the text
            raise CallFailed("upload", 100, f"there is no file {attachment.media}")
        kind = _kind(attachment, path)
        # Papers and voices belong to whom they were uploaded for, pictures to the community.
        key = (str(path), path.stat().st_mtime, kind, 0 if kind == "photo" else peer)
        name = self._known.get(key)
        if name is None:
            name = await self._upload(kind, path, attachment.name or path.name, peer)
            self._known[key] = name
        return name

    async def _upload(self, kind: str, path: Path, title: str, peer: int) -> str:
        for _ in range(2):  # an address to upload to, and the word that it was: two calls
            await self._calls.rate_limit.turn()
        return str(await self._calls.work(lambda api: _uploaded(api, kind, path, title, peer)))


def _kind(attachment: Attachment, path: Path) -> str:
    if attachment.kind == "voice":
        return "voice"
    return "photo" if attachment.kind == "image" and path.suffix.lower() in PICTURES else "doc"


def _uploaded(api: VkApiGroup, kind: str, path: Path, title: str, peer: int) -> str:
    """In a thread. Raises `CallFailed`."""
    upload = VkUpload(api)
    upload.http = _Patient()
    try:
        if kind == "photo":
            return _name("photo", upload.photo_messages(str(path), peer_id=peer)[0])
        if kind == "voice":
            saved = upload.audio_message(str(path), peer_id=peer)
        else:
            saved = upload.document_message(str(path), title=title, peer_id=peer)
        type_ = str(saved["type"])
        return _name("doc" if type_ == "audio_message" else type_, saved[type_])
    except VkApiError as error:
        raise CallFailed("upload", int(getattr(error, "code", 0)), str(error)[:200]) from None
    except (requests.RequestException, ValueError, KeyError, IndexError) as error:
        raise CallFailed("upload", 0, f"no answer ({type(error).__name__})") from None
    except OSError as error:
        raise CallFailed("upload", 100, f"{path.name}: {error.strerror}") from None
    finally:
        upload.http.close()


class _Patient(requests.Session):
    def request(self, *args: Any, **given: Any) -> requests.Response:
        given["timeout"] = (CONNECT, UPLOADING)
        return super().request(*args, **given)


def _name(kind: str, saved: Any) -> str:
    key = f"_{saved['access_key']}" if saved.get("access_key") else ""
    return f"{kind}{saved['owner_id']}_{saved['id']}{key}"
