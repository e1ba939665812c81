"""Albums: Telegram brings their pictures one by one, and the robot gets them as one message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ses.clock import Clock
from ses.connectors.telegram.inbound import Received
from ses.messages import Inbound

QUIET = 1.0
"""Seconds of quiet after which an album is complete."""


def one_album(parts: Sequence[Received]) -> Received:
    """The messages of an album as one: all its pictures, and the text that stands under one of them."""
    first = parts[0]
    if len(parts) == 1:
        return first
    inbound = first.inbound
    files = tuple(file for part in parts for file in part.inbound.attachments)
    text = next((part.inbound.text for part in parts if part.inbound.text), None)
    whole = Inbound(
        connector=inbound.connector,
        session=inbound.session,
        # A copy that comes again with more pictures, after a crash, is another message rather than a lost picture.
        id=f"{inbound.id}+{len(parts) - 1}",
        robot=inbound.robot,
        channel=inbound.channel,
        at=inbound.at,
        text=text,
        attachments=files,
        user=inbound.user,
        language=inbound.language,
    )
    return Received(whole, first.chat, first.message, first.thread, sent=first.sent)


def grouped(received: Sequence[Received]) -> list[list[int]]:
    """Numbers of what belongs together: all parts of an album at the place of its first."""
    albums: dict[tuple[str, str], list[int]] = {}
    order: list[list[int]] = []
    for number, one in enumerate(received):
        key = (one.inbound.session, one.album)
        if one.album and key in albums:
            albums[key].append(number)
            continue
        order.append([number])
        if one.album:
            albums[key] = order[-1]
    return order


class _Album:
    """The parts that came so far."""

    def __init__(self) -> None:
        self.parts: list[Received] = []
        self.whole = False
        self.stored: asyncio.Task[bool] | None = None

    def takes(self, part: Received) -> bool:
        """Whether it is still open, or has that part already: one that is brought again."""
        return not self.whole or any(one.message == part.message for one in self.parts)


class AlbumCollector:
    """Puts albums together whose parts come by calls of their own."""

    def __init__(self, enter: Callable[[Received], asyncio.Future[bool]], clock: Clock) -> None:
        """`enter`: what is done with a whole one."""
        self._enter = enter
        self._clock = clock
        self._albums: dict[tuple[str, str], _Album] = {}

    def add(self, part: Received) -> asyncio.Future[bool]:
        """Done when the whole album is stored, or never will be."""
        key = (part.inbound.session, part.album)
        album = self._albums.get(key)
        if album is None or not album.takes(part):
            album = self._albums[key] = _Album()
            album.stored = asyncio.get_running_loop().create_task(self._complete(key, album))
        if not album.whole:
            album.parts.append(part)
        assert album.stored is not None
        return album.stored

    async def close(self) -> None:
        """Telegram has the parts still."""
        tasks = [album.stored for album in self._albums.values() if album.stored is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _complete(self, key: tuple[str, str], album: _Album) -> bool:
        try:
            count = -1
            while count != len(album.parts):
                count = len(album.parts)
                await self._clock.sleep(QUIET)
            album.whole = True
            return await self._enter(one_album(sorted(album.parts, key=lambda part: part.message)))
        finally:
            if self._albums.get(key) is album:
                del self._albums[key]
