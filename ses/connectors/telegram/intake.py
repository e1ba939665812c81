"""Arrived updates on their way into the daemon: stored, then acknowledged; kept in order; albums put together."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence

import structlog

from ses.clock import Clock
from ses.connectors.contract import Reception, Refused
from ses.connectors.telegram.config import Account
from ses.connectors.telegram.inbound import Arrived, one_album

log = structlog.get_logger("ses.connectors.telegram")

RETRY = 5.0
"""Seconds until the next attempt when storing failed without saying for how long."""
ALBUM = 1.0
"""Seconds of quiet after which an album is complete."""


class Later(Exception):
    """It could not be stored now, so it must not be acknowledged."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Intake:
    """Hands inbounds of one bot to the daemon."""

    def __init__(
        self,
        account: Account,
        reception: Reception,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._account = account
        self._reception = reception
        self._clock = clock
        self._sleep = sleep
        self._begun = hashlib.sha256(f"telegram.{account.name}".encode()).digest()
        """Stands where the widget keeps the hash of a key, so that a conversation is known to have begun."""
        self._albums: dict[tuple[str, str], _Album] = {}
        self.received = 0
        self.last = 0.0
        """When the last one was stored, seconds since 1970."""
        self.lag: float | None = None
        """Seconds it took from Telegram's clock (which shows whole seconds) to the disk."""

    async def store(self, arrived: Arrived) -> bool:
        """Returns when it is on disk: true when it is new. A flood is dropped (the robot hears of it by its event
        `limit`): messengers do not send again. Raises `Later`."""
        inbound = arrived.inbound
        key_hash = None
        if self._account.variables and not await self._reception.has_begun(inbound.conversation):
            inbound.variables = dict(self._account.variables)
            key_hash = self._begun
        try:
            new = await self._reception.receive(inbound, key_hash=key_hash)
        except Refused as refusal:
            if refusal.code == "flood":
                log.info("a flood is not taken", connector=inbound.connector, session=inbound.session)
                return False
            raise Later(refusal.retry_after or RETRY) from None
        except Exception:  # noqa: BLE001  whatever the store died of, the message comes again
            await log.aexception("inbound not stored", connector=inbound.connector, session=inbound.session)
            raise Later(RETRY) from None
        self.received += 1
        self.last = self._clock.now()
        if arrived.sent:
            self.lag = max(0.0, self.last - arrived.sent)
        return new

    async def store_in_order(self, arrived: Sequence[Arrived]) -> None:
        """Store all that came at once, patiently: conversations side by side, each in order, albums as one message."""
        lanes: dict[str, list[Arrived]] = {}
        for whole in _albums_joined(arrived):
            lanes.setdefault(whole.inbound.session, []).append(whole)
        await asyncio.gather(*(self._lane(lane) for lane in lanes.values()))

    async def _lane(self, lane: Sequence[Arrived]) -> None:
        for arrived in lane:
            while True:
                try:
                    await self.store(arrived)
                    break
                except Later as later:
                    await self._sleep(later.seconds)

    async def store_alone(self, arrived: Arrived) -> None:
        """Store one that came by itself; an album waits for its other parts. Raises `Later`."""
        if not arrived.album:
            await self.store(arrived)
            return
        key = (arrived.inbound.session, arrived.album)
        album = self._albums.get(key)
        if album is None:
            album = self._albums[key] = _Album()
            album.task = asyncio.get_running_loop().create_task(self._complete(key, album))
        album.parts.append(arrived)
        assert album.task is not None
        await asyncio.shield(album.task)

    async def _complete(self, key: tuple[str, str], album: _Album) -> None:
        count = -1
        while count != len(album.parts):
            count = len(album.parts)
            await self._sleep(ALBUM)
        del self._albums[key]
        await self.store(one_album(sorted(album.parts, key=lambda part: part.message)))


class _Album:
    """The parts that came so far."""

    def __init__(self) -> None:
        self.parts: list[Arrived] = []
        self.task: asyncio.Task[None] | None = None


def _albums_joined(arrived: Sequence[Arrived]) -> list[Arrived]:
    """All parts of an album at the place of its first."""
    albums: dict[tuple[str, str], list[Arrived]] = {}
    order: list[list[Arrived]] = []
    for one in arrived:
        key = (one.inbound.session, one.album)
        if one.album and key in albums:
            albums[key].append(one)
            continue
        order.append([one])
        if one.album:
            albums[key] = order[-1]
    return [one_album(parts) for parts in order]
