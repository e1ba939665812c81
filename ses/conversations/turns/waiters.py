"""Callers who wait for the answer to their own message (`/ses/ask`)."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import msgspec

from ses.conversations.codec import decode_outgoing
from ses.conversations.turns.ports import TurnPorts
from ses.dialogue.state.ports import Leg
from ses.messages import Conversation, Inbound, Outgoing
from ses.storage.contract import Store

_Key = tuple[Conversation, str]


class Reply(NamedTuple):
    """How an inbound was answered."""

    turn: int
    replies: tuple[Outgoing, ...]
    trace: dict[str, Any] | None
    repeated: bool
    """The answer was given before; private values are masked in it."""


class ReplyWaiters:
    """Callers by the inbound they wait for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[_Key, list[asyncio.Future[Reply | None]]] = {}

    def expect(self, inbound: Inbound) -> asyncio.Future[Reply | None]:
        """A future of the answer; none as its result: it is to be read from the store."""
        future: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault((inbound.conversation, inbound.id), []).append(future)
        return future

    def forget(self, inbound: Inbound, future: asyncio.Future[Reply | None]) -> None:
        key = (inbound.conversation, inbound.id)
        waiting = self._waiting.get(key)
        if waiting is not None and future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._waiting[key]

    def answer(self, ports: TurnPorts, leg: Leg) -> None:
        """A turn is durable."""
        if not self._waiting:
            return
        for one in ports.batch:
            for future in self._waiting.pop((ports.mailbox.conversation, one.inbound.id), ()):
                if not future.done():
                    reply = Reply(leg.session.turn, tuple(ports.said), leg.trace, False)
                    future.set_result(None if ports.resumed else reply)

    async def stored(self, session: int, external_id: str) -> Reply | None:
        """The answer that was given before; none while there is none."""
        found = await self._store.answer(session, external_id)
        if found is None:
            return None
        turn, rows, trace = found
        return Reply(
            turn,
            tuple(decode_outgoing(row.body) for row in rows),
            msgspec.json.decode(trace) if trace else None,
            True,
        )
