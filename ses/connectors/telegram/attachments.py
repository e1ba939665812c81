"""What people send beside a text, as the daemon knows it."""

from __future__ import annotations

from typing import Any

from ses.connectors.telegram.parse import File, Message
from ses.messages import Attachment

OWN_FILE = "telegram:"
"""What stands before a file's id in `Attachment.media`: only this connector can fetch it."""


def attachments(message: Message) -> tuple[Attachment, ...]:
    """What came beside the text."""
    if message.photo:
        largest = max(message.photo, key=lambda one: one.file_size)
        return (_file("image", largest, "image/jpeg"),)
    for kind, file, mime in (
        ("image", message.animation, "video/mp4"),
        ("file", message.document, ""),
        ("voice", message.voice, "audio/ogg"),
        ("audio", message.audio, "audio/mpeg"),
        ("video", message.video, "video/mp4"),
        ("video", message.video_note, "video/mp4"),
        ("sticker", message.sticker, "image/webp"),
    ):
        if file is not None:
            return (_file("video" if file is message.animation else kind, file, mime),)
    if message.location is not None:
        point = {"lat": message.location.latitude, "lon": message.location.longitude}
        return (Attachment("location", value=point),)
    if message.contact is not None:
        contact = message.contact
        name = f"{contact.first_name} {contact.last_name}".strip()
        return (Attachment("contact", name=name, value={"phone": contact.phone_number, "name": name}),)
    return ()


def _file(kind: Any, file: File, mime: str) -> Attachment:
    return Attachment(
        kind,
        name=file.file_name or file.emoji,
        media=OWN_FILE + file.file_id,
        mime=file.mime_type or mime,
        size=file.file_size,
    )
