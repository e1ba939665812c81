"""Values that come beside the text: locations, contacts, files, pictures, voice messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ses.messages import Attachment
from ses.scenario.program.recognition import Found

_KINDS = {
    "location": ("location",),
    "contact": ("contact",),
    "file": ("file", "image", "audio", "video", "voice"),
    "image": ("image",),
    "voice": ("voice", "audio"),
    "phone": ("contact",),
}
"""Entities and the kinds of attachments that are values of them; a phone is read out of a contact."""


def found_in_attachments(entity: str, attachments: Sequence[Attachment]) -> tuple[Found, ...]:
    """The values of an entity among a message's attachments; they cover no characters and no words.

    location: `{lat, lon}` · contact: `{phone, name}` · file, image, voice: `{media, name, mime, size}` · phone: its text.
    """
    kinds = _KINDS.get(entity, ())
    values = [_value(entity, one) for one in attachments if one.kind in kinds]
    return tuple(Found(entity, value, 0, 0, 0, 0) for value in values if value)


def _value(entity: str, attachment: Attachment) -> Any:
    if entity in ("location", "contact"):
        return attachment.value
    if entity == "phone":
        phone = str((attachment.value or {}).get("phone", ""))
        digits = "".join(sign for sign in phone if sign.isdigit())
        return f"+{digits}" if digits else ""
    return {
        "media": attachment.media,
        "name": attachment.name,
        "mime": attachment.mime,
        "size": attachment.size,
    }
