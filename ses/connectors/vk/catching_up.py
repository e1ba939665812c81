"""What people wrote while VK kept no events: read from the conversations that nobody answered."""

from __future__ import annotations

import structlog

from ses.connectors.vk.client import CallFailed, Calls
from ses.connectors.vk.incoming import Arrived, Reader
from ses.connectors.vk.parse import Malformed, message

log = structlog.get_logger("ses.connectors")

CONVERSATIONS, MESSAGES = 200, 50
"""Read at most: of the newest unanswered conversations their last messages."""
OVERLAP = 60.0
"""Seconds before the last news that are read again; what was stored is known by its id."""


class Missed:
    """Reads messages that no event told of."""

    def __init__(self, calls: Calls, reader: Reader) -> None:
        self.since = 0.0
        """When events came last, seconds since 1970; 0: never, and what lies there is not ours to answer."""
        self._calls = calls
        self._reader = reader

    async def fetch(self) -> list[Arrived]:
        """Messages since, of each conversation in order."""
        if not self.since:
            return []
        arrived: list[Arrived] = []
        try:
            found = await self._calls.call(
                "messages.getConversations", filter="unanswered", count=CONVERSATIONS
            )
            for item in found["items"]:
                if item.get("last_message", {}).get("date", 0) >= self.since - OVERLAP:
                    arrived += await self._read(int(item["conversation"]["peer"]["id"]))
        except (CallFailed, KeyError, TypeError) as error:
            log.warning("missed messages could not be read", reason=str(error))
        return arrived

    async def _read(self, peer: int) -> list[Arrived]:
        history = await self._calls.call("messages.getHistory", peer_id=peer, count=MESSAGES)
        arrived: list[Arrived] = []
        for item in reversed(history["items"]):
            if item.get("date", 0) < self.since - OVERLAP:
                continue
            try:
                arrived += self._reader.message(message(item))
            except Malformed as error:
                log.warning("a message of VK cannot be read", reason=str(error))
        return arrived
