"""What people send beside a text, as the daemon knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ses.connectors.vk.parse import Message
from ses.messages import Attachment


def attachments(message: Message) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """What a robot may take, and VK's names of kinds that none ever takes (a post, a present, a poll …)."""
    taken: list[Attachment] = []
    strange: list[str] = []
    for item in message.attachments:
        kind = str(item.get("type", ""))
        body = item.get(kind)
        one = _attachment(kind, body) if isinstance(body, Mapping) else None
        if one is not None:
            taken.append(one)
        elif kind != "link":  # the page that a text's address leads to; the text has it
            strange.append(kind)
    if message.geo is not None and message.geo.coordinates is not None:
        point = message.geo.coordinates
        taken.append(Attachment("location", value={"lat": point.latitude, "lon": point.longitude}))
    return tuple(taken), tuple(strange)


def _attachment(kind: str, body: Mapping[str, Any]) -> Attachment | None:
    match kind:
        case "photo":
            return Attachment("image", media=_largest(body), mime="image/jpeg")
        case "doc":
            name = str(body.get("title", ""))
            return Attachment("file", name=name, media=_text(body, "url"), size=int(body.get("size") or 0))
        case "audio_message":
            return Attachment("voice", media=_text(body, "link_ogg", "link_mp3"), mime="audio/ogg")
        case "audio":
            name = " — ".join(filter(None, (_text(body, "artist"), _text(body, "title"))))
            return Attachment("audio", name=name, media=_text(body, "url"), mime="audio/mpeg")
        case "video":
            return Attachment("video", name=_text(body, "title"), mime="video/mp4")
        case "sticker":
            images = body.get("images") or [{}]
            return Attachment("sticker", media=_text(images[-1], "url"), mime="image/png")
    return None


def _largest(photo: Mapping[str, Any]) -> str:
    sizes = [*(photo.get("sizes") or ()), photo.get("orig_photo") or {}]
    largest = max(sizes, key=lambda one: int(one.get("width") or 0) * int(one.get("height") or 0))
    return _text(largest, "url")


def _text(body: Mapping[str, Any], *names: str) -> str:
    return next((str(body[name]) for name in names if body.get(name)), "")
