"""Messages of the robot delivered: what was sent of one is not sent again, and one that replaces another is an edit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import structlog
from cachetools import LRUCache

from ses.connectors.contract import DeliveryFailed
from ses.messages import Conversation, Outgoing
from ses_connector_max.client import CallFailed, Client
from ses_connector_max.files import Files
from ses_connector_max.inbound import destination_of
from ses_connector_max.rate_limit import RateLimit
from ses_connector_max.render import Piece, rendered
from ses_connector_max.status import ConnectionStatus

log = structlog.get_logger("ses.connectors.max")

REMEMBERED = 5_000
"""Messages whose ids in MAX are remembered, to be edited when the user edits theirs."""
REVOKED = 60.0
"""Seconds between two attempts while MAX does not know the token."""


@dataclass(slots=True)
class _Sent:
    """How much of a message MAX has."""

    mids: list[str] = field(default_factory=list)
    pieces: int = 0


class Delivery:
    """Sends what one bot says. MAX knows no key by which it would drop a second copy, so a send without an answer is
    counted as doubtful and made again."""

    def __init__(self, client: Client, files: Files, rate_limit: RateLimit, status: ConnectionStatus) -> None:
        self._client = client
        self._files = files
        self._rate_limit = rate_limit
        self._status = status
        self._sent: LRUCache[str, _Sent] = LRUCache(REMEMBERED)

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        """Raises `DeliveryFailed`. Called again it goes on behind the last piece that MAX confirmed."""
        try:
            destination = destination_of(conversation.session)
        except ValueError:
            raise DeliveryFailed(f"{conversation.session!r} is nobody in MAX", None) from None
        pieces = rendered(message)
        sent = self._sent.get(message.id)
        if sent is None:
            sent = self._sent[message.id] = _Sent()
        try:
            if message.replaces and sent.pieces == 0 and await self._edited(destination, message, pieces):
                sent.mids, sent.pieces = self._sent[message.replaces].mids, len(pieces)
            while sent.pieces < len(pieces):
                sent.mids.append(await self._send(destination, pieces[sent.pieces]))
                sent.pieces += 1
        except CallFailed as failure:
            raise self._failed(failure, destination, message) from None

    async def _send(self, destination: dict[str, int], piece: Piece) -> str:
        body = await self._body(piece)
        if not body["text"] and not body["attachments"]:
            return ""  # nothing is left of it
        await self._rate_limit.turn(next(iter(destination.values())))
        answer = await self._client.call("POST", "messages", query=destination, body=body)
        try:
            return str(answer["message"]["body"]["mid"])
        except (KeyError, TypeError):
            return ""  # it was sent; only an edit will not find it

    async def _edited(self, destination: dict[str, int], message: Outgoing, pieces: list[Piece]) -> bool:
        """Whether the message now stands in the place of the one it replaces."""
        before = self._sent.get(message.replaces)
        if before is None or len(before.mids) != 1 or not before.mids[0] or len(pieces) != 1:
            return False
        body = await self._body(pieces[0])
        await self._rate_limit.turn(next(iter(destination.values())))
        try:
            await self._client.call("PUT", "messages", query={"message_id": before.mids[0]}, body=body)
        except CallFailed as failure:
            if failure.passing or failure.wrong_token:
                raise
            return False  # too old, or gone
        return True

    async def _body(self, piece: Piece) -> dict[str, Any]:
        beside = [one for file in piece.files if (one := await self._files.attached(file)) is not None]
        body: dict[str, Any] = {"text": piece.text or None, "attachments": [*beside, *piece.beside]}
        return body | {"format": "markdown"} if piece.markdown else body

    def _failed(self, failure: CallFailed, destination: dict[str, int], message: Outgoing) -> DeliveryFailed:
        self._status.call_failed(doubtful=failure.doubtful)
        if failure.doubtful:
            log.warning(
                "no answer to a message: it is sent again and may arrive twice",
                connector=self._status.name,
                message=message.id,
                reason=str(failure),
            )
        if failure.status == 429:
            self._rate_limit.hold(next(iter(destination.values())), failure.retry_after)
        if failure.wrong_token:
            return DeliveryFailed("MAX does not know the bot's token", REVOKED)
        if not failure.passing:
            return DeliveryFailed(f"MAX refuses it: {failure}", None)
        return DeliveryFailed(f"MAX: {failure}", failure.retry_after if failure.status in (400, 429) else 0.0)
