"""Messages of the robot delivered: what was sent of one is not sent again, and one that replaces another is an edit."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

import structlog
from telegram import InlineKeyboardMarkup
from telegram.error import BadRequest, RetryAfter, TelegramError

from ses.connectors.contract import DeliveryFailed
from ses.connectors.telegram.destinations import Nowhere, Place, Places
from ses.connectors.telegram.errors import doubtful, failure, seconds
from ses.connectors.telegram.placeholders import Placeholder, Placeholders
from ses.connectors.telegram.rate_limit import Pace
from ses.connectors.telegram.render import Piece, rendered
from ses.connectors.telegram.sender import Sender
from ses.connectors.telegram.status import ConnectionStatus
from ses.messages import Conversation, Outgoing

log = structlog.get_logger("ses.connectors.telegram")

KEPT = 5_000
"""Messages whose identifiers in Telegram are remembered, to be edited when the user edits his."""


@dataclass(slots=True)
class _Sent:
    """How much of a message Telegram has."""

    messages: list[int] = field(default_factory=list)
    pieces: int = 0


class Deliveries:
    def __init__(
        self,
        sender: Sender,
        places: Places,
        placeholders: Placeholders,
        pace: Pace,
        standing: ConnectionStatus,
    ) -> None:
        self._sender = sender
        self._places = places
        self._placeholders = placeholders
        self._pace = pace
        self._standing = standing
        self._sent: OrderedDict[str, _Sent] = OrderedDict()

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        """Raises `DeliveryFailed`. Called again it goes on behind the last piece that Telegram confirmed."""
        try:
            place = self._places.of(conversation)
        except Nowhere as error:
            raise DeliveryFailed(str(error), None) from None
        pieces = rendered(message, conversation.session)
        sent = self._sent.get(message.id)
        if sent is None:
            sent = self._sent[message.id] = _Sent()
            if len(self._sent) > KEPT:
                self._sent.popitem(last=False)
        stands = self._placeholders.of(conversation.session)
        try:
            if message.replaces and sent.pieces == 0 and await self._edited(place, message, pieces):
                sent.messages, sent.pieces = self._sent[message.replaces].messages, len(pieces)
            elif stands is not None and sent.pieces == 0 and await self._filled(stands, message, pieces):
                sent.messages, sent.pieces = [stands.number], 1
            while sent.pieces < len(pieces):
                sent.messages += await self._sender.send(place, pieces[sent.pieces])
                sent.pieces += 1
            if stands is not None and (stands.id == message.id or stands.before(message.id)):
                if stands.number not in sent.messages:
                    await self._sender.take_back(stands.chat, stands.number)
                await self._placeholders.drop(conversation.session)
        except TelegramError as error:
            self._count(error, place, message)
            raise failure(error) from None

    async def _edited(self, place: Place, message: Outgoing, pieces: list[Piece]) -> bool:
        """Whether the message now stands in the place of the one it replaces."""
        before = self._sent.get(message.replaces)
        if before is None or len(before.messages) != 1 or len(pieces) != 1:
            return False
        if pieces[0].files or not pieces[0].text:
            return False
        try:
            await self._sender.edit(place, before.messages[0], pieces[0])
        except BadRequest as error:
            await log.adebug(
                "a message is sent anew, it cannot be edited", message=message.id, reason=str(error)
            )
            return False
        return True

    async def _filled(self, stands: Placeholder, message: Outgoing, pieces: list[Piece]) -> bool:
        """Whether the message, or its first piece, now stands where it was seen growing."""
        if stands.id != message.id or not pieces:
            return False
        first = pieces[0]
        if first.files or not first.text or not isinstance(first.markup, InlineKeyboardMarkup | None):
            return False
        try:
            await self._sender.edit(Place(stands.chat), stands.number, first)
        except BadRequest as error:
            await log.adebug("a message that grew is sent anew", message=message.id, reason=str(error))
            return False
        return True

    def _count(self, error: TelegramError, place: Place, message: Outgoing) -> None:
        self._standing.errors += 1
        if isinstance(error, RetryAfter):
            self._pace.hold(place.chat, seconds(error))
        elif doubtful(error):
            self._standing.doubtful += 1
            log.warning(
                "no answer to a message: it is sent again and may arrive twice",
                connector=self._standing.name,
                message=message.id,
                reason=str(error),
            )
