"""Messages of the robot on their way into VK."""

from __future__ import annotations

import hashlib
from typing import Any

import structlog
from cachetools import LRUCache

from ses.connectors.contract import DeliveryFailed
from ses.connectors.vk import keyboards
from ses.connectors.vk.calls import Calls
from ses.connectors.vk.client import TOO_OFTEN, WRONG_TOKEN, CallFailed
from ses.connectors.vk.files import Files
from ses.connectors.vk.inbound import peer_of
from ses.connectors.vk.render import pieces
from ses.messages import Conversation, Outgoing

log = structlog.get_logger("ses.connectors")

REMEMBERED = 20_000
"""Messages whose numbers in VK are known, for edits; after a restart none is, and an edit is sent anew."""
NO_KEYBOARD = frozenset({911, 912})
"""The keyboard is refused, or the community is no bot (its setting «Возможности ботов» is off)."""


class Delivery:
    """Sends what one community says. The same message sent twice arrives once: VK knows it by its `random_id`."""

    def __init__(self, calls: Calls, files: Files, connector: str) -> None:
        self.salt = ""
        """Makes the numbers of this daemon's messages its own: one with an empty database begins with the same ids."""
        self._calls = calls
        self._files = files
        self._connector = connector
        self._sent: LRUCache[str, int] = LRUCache(REMEMBERED)
        """Ids of outgoing messages → `conversation_message_id` of their first piece."""

    async def deliver(self, conversation: Conversation, message: Outgoing, *, old_app: bool) -> None:
        """`old_app`: the reader's cannot show keyboards inside messages. Raises `DeliveryFailed`."""
        try:
            peer = peer_of(conversation.session)
        except ValueError:
            raise DeliveryFailed(f"{conversation.session!r} is nobody in VK", None) from None
        keyboard = keyboards.below(message) if old_app else keyboards.inline(message)
        try:
            try:
                await self._send(peer, message, pieces(message), keyboard)
            except CallFailed as failure:
                if failure.code not in NO_KEYBOARD or keyboard is None:
                    raise
                log.warning("VK refuses a keyboard; its buttons go as text", connector=self._connector, reason=str(failure))  # fmt: skip
                await self._send(peer, message, pieces(message, labels=keyboards.labels(message)), None)
        except CallFailed as failure:
            raise DeliveryFailed(str(failure), _retry_after(failure)) from None

    async def turn_page(self, peer: int, number: int, message: Outgoing, page: int) -> None:
        """Show another page of the keyboard of a message. Raises `CallFailed`."""
        found = await self._calls.call(
            "messages.getByConversationMessageId", peer_id=peer, conversation_message_ids=number
        )
        if not found["items"]:
            return
        shown = found["items"][0]
        await self._calls.call(
            "messages.edit",
            peer_id=peer,
            conversation_message_id=number,
            message=shown.get("text") or None,  # as it was sent: the stored one may be masked by now
            attachment=",".join(filter(None, map(_reference, shown.get("attachments", ())))) or None,
            keyboard=keyboards.inline(message, page),
        )

    async def _send(self, peer: int, message: Outgoing, texts: list[str], keyboard: str | None) -> None:
        names = [await self._files.named(one, peer) for one in message.attachments]
        attachment = ",".join(name for name in names if name) or None
        location = next((one.value for one in message.attachments if one.kind == "location"), None)
        if not texts[0] and attachment is None and location is None:
            texts = [keyboards.labels(message) or "…"]
        for number, text in enumerate(texts):
            last = number == len(texts) - 1
            what: dict[str, Any] = {
                "message": text or None,
                "keyboard": keyboard if last else None,
                "attachment": attachment if number == 0 else None,
                "lat": location["lat"] if location and number == 0 else None,
                "long": location["lon"] if location and number == 0 else None,
            }
            if number == 0 and message.replaces and await self._edited(peer, message, what):
                continue
            sent = await self._calls.call(
                "messages.send",
                peer_ids=peer,
                random_id=random_id(self.salt, message.id, number),
                dont_parse_links=None,
                **what,
            )
            if number == 0:
                self._sent[message.id] = _number(sent)

    async def _edited(self, peer: int, message: Outgoing, what: dict[str, Any]) -> bool:
        """Change the message that this one replaces; false when it must be sent anew."""
        number = self._sent.get(message.replaces)
        if not number:
            return False
        try:
            await self._calls.call("messages.edit", peer_id=peer, conversation_message_id=number, **what)
        except CallFailed as failure:
            if failure.passing or failure.code in NO_KEYBOARD:
                raise
            return False  # too old, or gone
        self._sent[message.id] = number
        return True


def random_id(salt: str, id_: str, piece: int) -> int:
    """A number of 32 bits, not zero, that is always the same for a piece of a message."""
    digest = hashlib.sha256(f"{salt}/{id_}/{piece}".encode()).digest()
    return int.from_bytes(digest[:4], signed=True) or 1


def _number(sent: Any) -> int:
    """`conversation_message_id` of `messages.send`'s answer. Raises `CallFailed` for a receiver that was refused."""
    one = sent[0] if isinstance(sent, list) and sent else {}
    if error := one.get("error"):
        raise CallFailed("messages.send", int(error.get("code", 0)), str(error.get("description", ""))[:200])
    return int(one.get("conversation_message_id", 0))


def _retry_after(failure: CallFailed) -> float | None:
    """Seconds until it is worth another attempt; none when it never is."""
    if failure.code in WRONG_TOKEN:
        return 60.0  # an administrator's mistake, and theirs to put right
    if not failure.passing:
        return None
    return 1.0 if failure.code in TOO_OFTEN else 0.0


def _reference(attachment: Any) -> str:
    """An attachment of a sent message as `messages.edit` wants it, or it would be taken away."""
    kind = str(attachment.get("type", ""))
    body = attachment.get(kind) or {}
    if "owner_id" not in body or "id" not in body:
        return ""
    key = f"_{body['access_key']}" if body.get("access_key") else ""
    return f"{'doc' if kind == 'audio_message' else kind}{body['owner_id']}_{body['id']}{key}"
