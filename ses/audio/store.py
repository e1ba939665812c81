"""Where recordings lie: `storage.audio.web`, `hot` and `cold`."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from ses.clock import Clock
from ses.messages import Conversation

SCHEME = "audio:"
"""What `Attachment.media` of a recording in the store begins with; its conversation's folder and its name follow."""
PER_SESSION = 100
"""Recordings of a conversation that are kept; the oldest make room."""
SWEEP = 3600.0
"""Seconds between two sweeps."""
SLACK = 86400.0
"""Seconds that an expired conversation's recordings outlive it at most, and a folder in the making is left alone."""
_MEDIA = re.compile(r"audio:([0-9a-f]{32})/([A-Za-z0-9_-]{22}\.(?:ogg|mp3|bin))")


class AudioStore:
    """Recordings under random names, a folder for each conversation. Who does not know a name cannot find it.

    The robot's spoken answers to a website lie in `web`, beside what its visitor sent; everything else in `hot`. A
    folder of `hot` carries as its time of change the moment until which it is kept: its session's `expire` after the
    last recording. Then it goes to `cold`, or where there is none away.
    """

    def __init__(self, web: Path, hot: Path, cold: Path | None, clock: Clock) -> None:
        self._web = web
        self._hot = hot
        self._cold = cold
        self._clock = clock

    async def keep(self, conversation: Conversation, data: bytes, form: str, seconds: float) -> str:
        """Store a recording for so many seconds at least; its `Attachment.media`. `form`: `ogg`, `mp3` or `bin`."""
        return await asyncio.to_thread(self._keep, conversation, data, form, self._clock.now() + seconds)

    async def archive(self, conversation: Conversation, data: bytes) -> None:
        """Put a recording that lies elsewhere to those kept for good, if any are."""
        if self._cold is not None:
            await asyncio.to_thread(_write, self._cold / _home(conversation), data, "bin")

    async def read(self, conversation: Conversation, media: str) -> bytes | None:
        """A recording of this conversation; none when it is not there, any more or at all."""
        path = self.path(media)
        if path is None or path.parent.name != _home(conversation):
            return None
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            return None

    def path(self, media: str) -> Path | None:
        """Where a recording lies; none for what is no name of the store's."""
        match = _MEDIA.fullmatch(media)
        if match is None:
            return None
        for folder in (self._hot, self._web):
            path = folder / match[1] / match[2]
            if path.is_file():
                return path
        return None

    async def run(self) -> None:
        """Sweep now and again, until cancelled."""
        while True:
            await asyncio.to_thread(self.sweep)
            await self._clock.sleep(SWEEP)

    def sweep(self) -> int:
        """See to the recordings of conversations that are over; of how many. Slow: call it off the loop."""
        horizon, over = self._clock.now() - SLACK, 0
        for home in self._hot.iterdir() if self._hot.is_dir() else ():
            if home.is_dir() and home.stat().st_mtime < horizon:
                for path in _recordings(home):
                    self._let_go(path)
                shutil.rmtree(home)
                over += 1
        return over

    def _keep(self, conversation: Conversation, data: bytes, form: str, until: float) -> str:
        name = _home(conversation)
        web = conversation.connector.startswith("web.")
        home = (self._web if web else self._hot) / name
        stored = _write(home, data, form)
        for path in sorted(_recordings(home), key=lambda one: one.stat().st_mtime)[:-PER_SESSION]:
            self._let_go(path)
        if not web:
            os.utime(home, (until, until))
        return f"{SCHEME}{name}/{stored}"

    def _let_go(self, path: Path) -> None:
        if self._cold is None:
            path.unlink(missing_ok=True)
            return
        home = self._cold / path.parent.name
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.move(path, home / path.name)  # it may be another disk


def _home(conversation: Conversation) -> str:
    """The name of a conversation's folder, the same in all three places and in that of uploads."""
    return hashlib.sha256("\0".join(conversation).encode()).hexdigest()[:32]


def _recordings(home: Path) -> Iterator[Path]:
    return (path for path in home.iterdir() if path.suffix in (".ogg", ".mp3", ".bin"))


def _write(home: Path, data: bytes, form: str) -> str:
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{secrets.token_urlsafe(16)}.{form}"
    descriptor = os.open(home / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    return name
