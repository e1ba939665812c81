"""Backfill: what people wrote while VK kept no events is read from the conversations themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from ses.clock import Clock
from ses.connectors.vk.calls import Calls
from ses.connectors.vk.client import CallFailed
from ses.connectors.vk.inbound import InboundReader, Received
from ses.connectors.vk.parse import Malformed, message
from ses.flow.backoff import Backoff

log = structlog.get_logger("ses.connectors.vk")

PAGE, MESSAGES = 200, 50
"""Conversations of one call; messages of one call."""
OVERLAP = 60.0
"""Seconds before the last news that are read again; what was stored is known by its id."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


class Backfill:
    """Reads messages that no event told of."""

    def __init__(self, calls: Calls, reader: InboundReader, clock: Clock) -> None:
        self.since = 0.0
        """When events came last, seconds since 1970; 0: never, and what lies there is not ours to answer."""
        self._calls = calls
        self._reader = reader
        self._clock = clock

    async def fetch(self) -> list[Received]:
        """Messages since, of each conversation in order; goes on trying until VK answers."""
        since = self.since - OVERLAP
        backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        while self.since:
            try:
                return [
                    received
                    for peer in await self._talked(since)
                    for received in await self._read(peer, since)
                ]
            except (CallFailed, KeyError, TypeError) as error:
                log.warning("missed messages cannot be read; it is tried again", reason=str(error))
            await self._clock.sleep(backoff.next())
        return []

    async def _talked(self, since: float) -> list[int]:
        """Peers with a message since. Those that have been answered too: the answer may be to an earlier message."""
        peers: list[int] = []
        while True:
            found = await self._calls.call("messages.getConversations", count=PAGE, offset=len(peers))
            items = found["items"]
            recent = [one for one in items if one.get("last_message", {}).get("date", 0) >= since]
            peers += [int(one["conversation"]["peer"]["id"]) for one in recent]
            if len(recent) < PAGE:  # the newest stand first
                return peers

    async def _read(self, peer: int, since: float) -> list[Received]:
        received: list[Received] = []
        for item in reversed(_unattended(await self._recent(peer, since))):
            if item.get("date", 0) < since:
                continue
            try:
                received += self._reader.message(message(item))
            except Malformed as error:
                log.warning("a message of VK cannot be read", reason=str(error))
        return received

    async def _recent(self, peer: int, since: float) -> list[dict[str, Any]]:
        """Both sides' messages since, the newest first, and some before: were one left out, it might come later than those
        that follow it."""
        found: dict[
            int, dict[str, Any]
        ] = {}  # a message that comes meanwhile moves the others to the next page
        offset = 0
        while True:
            history = await self._calls.call(
                "messages.getHistory", peer_id=peer, count=MESSAGES, offset=offset or None
            )
            page = history["items"]
            found |= {item["conversation_message_id"]: item for item in page}
            offset += MESSAGES
            if len(page) < MESSAGES or page[-1].get("date", 0) < since:
                return [found[number] for number in sorted(found, reverse=True)]


def _unattended(newest_first: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """What came after the last word of a human being who answered in the robot's place."""
    for number, item in enumerate(newest_first):
        if item.get("out") and item.get("admin_author_id"):
            return newest_first[:number]
    return newest_first
