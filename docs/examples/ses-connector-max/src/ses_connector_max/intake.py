"""Arrived updates on their way to the disk."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from ses.connectors.contract import Reception
from ses.connectors.ordered_intake import OrderedIntake
from ses.connectors.status import ConnectionStatus
from ses_connector_max.config import Max
from ses_connector_max.incoming import Arrived

Value = TypeVar("Value")
REMEMBERED = 10_000
"""Conversations that are known to have begun, and chats that are known."""


class Intake:
    """Hands inbounds of one bot to the daemon: conversations beside each other, each in its order."""

    def __init__(
        self,
        settings: Max,
        reception: Reception,
        standing: ConnectionStatus,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._reception = reception
        self._standing = standing
        # A flood is not waited for: nothing after it could be fetched meanwhile. The robot hears of it by its event.
        self._turnstile = OrderedIntake(reception, sleep=sleep, dropped=("flood",))
        self._begun: OrderedDict[str, None] = OrderedDict()
        self.chats: OrderedDict[str, int] = OrderedDict()
        """Session → where «typing…» is shown."""

    async def store(self, arrived: Sequence[Arrived]) -> None:
        """Returns when all of it is on disk, or never will be."""
        futures = [self._turnstile.enter(one.inbound) for one in arrived if await self._wanted(one)]
        await asyncio.gather(*futures)

    async def close(self) -> None:
        """Give up what waits: MAX has it still."""
        await self._turnstile.close()

    async def _wanted(self, arrived: Arrived) -> bool:
        """Whether it is for a conversation in this state. The first inbound of one brings the connector's variables."""
        inbound = arrived.inbound
        begun = await self._has_begun(arrived)
        if arrived.begun_only and not begun:
            return False
        if not begun:
            inbound.variables = dict(self._settings.variables)
            _note(self._begun, inbound.session, None)
        if arrived.chat is not None:
            _note(self.chats, inbound.session, arrived.chat)
        self._standing.heard(arrived.written)
        return True

    async def _has_begun(self, arrived: Arrived) -> bool:
        session = arrived.inbound.session
        if session in self._begun:
            return True
        begun = bool(await self._reception.history(arrived.inbound.conversation, after=None, limit=1))
        if begun:
            _note(self._begun, session, None)
        return begun


def _note(kept: OrderedDict[str, Value], key: str, value: Value) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > REMEMBERED:
        kept.popitem(last=False)
