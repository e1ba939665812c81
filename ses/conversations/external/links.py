"""Links by which a conversation goes on in another channel: made here, followed by `ses.dialogue.input.channel_transfer`."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_urlsafe

from ses.clock import Clock
from ses.connectors.contract import Addressable, Connector, Refused
from ses.dialogue.input.channel_transfer import TOKEN, link_hash
from ses.messages import Conversation
from ses.storage.contract import Store

LIFE = 600.0
"""Seconds a link may be used."""
BYTES = 16
"""Of chance in a token."""
RETRY = 5.0


class Links:
    """Makes them. Only a token's hash is kept; a conversation has one link to each connector, the newest."""

    def __init__(self, store: Store, connectors: Mapping[str, Connector], clock: Clock) -> None:
        self._store = store
        self._connectors = connectors
        self._clock = clock

    async def make(self, conversation: Conversation, to: str) -> str:
        """The address that opens the robot in the connector `to` with the conversation in its hand; without it, when it
        has not begun. Raises `Refused`."""
        connector = self._connectors.get(to)
        if not isinstance(connector, Addressable):
            raise Refused("malformed", f"a conversation cannot go on in {to[:60]!r}")
        if not connector.link(""):
            raise Refused("busy", f"{to} is not connected yet", RETRY)
        row = await self._store.session(*conversation)
        if row is None or row.state is None or row.robot != connector.robot:
            return connector.link("")
        token = TOKEN + token_urlsafe(BYTES)
        await self._store.keep_link(link_hash(token), row.id, to, self._clock.now() + LIFE)
        return connector.link(token)
