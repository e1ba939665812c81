"""Messages of the robot delivered: what was sent of one is not sent again, and one that replaces another is an edit."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog
from cachetools import LRUCache
from telegram import InlineKeyboardMarkup
from telegram.error import BadRequest, RetryAfter, TelegramError

from ses.connectors.contract import DeliveryFailed
from ses.connectors.telegram.destinations import Destination, Destinations, UnknownChat
from ses.connectors.telegram.errors import doubtful, failure, seconds
from ses.connectors.telegram.placeholders import Placeholder, Placeholders
from ses.connectors.telegram.rate_limit import RateLimit
from ses.connectors.telegram.render import Piece, rendered
from ses.connectors.telegram.sender import Sender
from ses.connectors.telegram.status import ConnectionStatus
from ses.messages import Conversation, Outgoing

log = structlog.get_logger("ses.connectors.telegram")

REMEMBERED = 5_000
"""Messages whose identifiers in Telegram are remembered, to be edited when the user edits his."""


@dataclass(slots=True)
class _Sent:
    """How much of a message Telegram has."""

    messages: list[int] = field(default_factory=list)
    pieces: int = 0


class Delivery:
    """Of one bot."""

    def __init__(
        self,
        sender: Sender,
        destinations: Destinations,
        placeholders: Placeholders,
        rate_limit: RateLimit,
        status: ConnectionStatus,
    ) -> None:
        self._sender = sender
        self._destinations = destinations
        self._placeholders = placeholders
        self._rate_limit = rate_limit
        self._status = status
        self._sent: LRUCache[str, _Sent] = LRUCache(REMEMBERED)

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        """Raises `DeliveryFailed`. Called again it goes on behind the last piece that Telegram confirmed."""
        try:
            destination = self._destinations.of(conversation)
        except UnknownChat as error:
            raise DeliveryFailed(str(error), None) from None
        pieces = rendered(message, conversation.session)
        sent = self._sent.get(message.id)
        if sent is None:
            sent = self._sent[message.id] = _Sent()
        placeholder = self._placeholders.of(conversation.session)
        try:
            if message.replaces and sent.pieces == 0 and await self._edited(destination, message, pieces):
                sent.messages, sent.pieces = self._sent[message.replaces].messages, len(pieces)
            elif (
                placeholder is not None
                and sent.pieces == 0
                and await self._filled(placeholder, message, pieces)
            ):
                sent.messages, sent.pieces = [placeholder.number], 1
            while sent.pieces < len(pieces):
                sent.messages += await self._sender.send(destination, pieces[sent.pieces])
                sent.pieces += 1
            if placeholder is not None and (placeholder.id == message.id or placeholder.before(message.id)):
                if placeholder.number not in sent.messages:
                    await self._sender.take_back(placeholder.chat, placeholder.number)
                await self._placeholders.drop(conversation.session)
        except TelegramError as error:
            self._count(error, destination, message)
            raise failure(error) from None

    async def _edited(self, destination: Destination, message: Outgoing, pieces: list[Piece]) -> bool:
        """Whether the message now stands in the place of the one it replaces."""
        before = self._sent.get(message.replaces)
        if before is None or len(before.messages) != 1 or len(pieces) != 1:
            return False
        if pieces[0].files or not pieces[0].text:
            return False
        try:
            await self._sender.edit(destination, before.messages[0], pieces[0])
        except BadRequest as error:
            await log.adebug(
                "a message is sent anew, it cannot be edited", message=message.id, reason=str(error)
            )
            return False
        return True

    async def _filled(self, placeholder: Placeholder, message: Outgoing, pieces: list[Piece]) -> bool:
        """Whether the message, or its first piece, now stands where it was seen growing."""
        if placeholder.id != message.id or not pieces:
            return False
        first = pieces[0]
        if first.files or not first.text or not isinstance(first.markup, InlineKeyboardMarkup | None):
            return False
        try:
            await self._sender.edit(Destination(placeholder.chat), placeholder.number, first)
        except BadRequest as error:
            await log.adebug("a message that grew is sent anew", message=message.id, reason=str(error))
            return False
        return True

    def _count(self, error: TelegramError, destination: Destination, message: Outgoing) -> None:
        self._status.call_failed(doubtful=doubtful(error))
        if isinstance(error, RetryAfter):
            self._rate_limit.hold(destination.chat, seconds(error))
        elif doubtful(error):
            log.warning(
                "no answer to a message: it is sent again and may arrive twice",
                connector=self._status.name,
                message=message.id,
                reason=str(error),
            )
