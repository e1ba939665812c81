"""What people send beside a text, as the daemon knows it: <https://dev.max.ru/docs-api/objects/Message>."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ses.messages import Attachment

_PHONE = re.compile(r"^TEL[^:\n]*:\s*(?P<phone>[^\r\n]+)", re.MULTILINE)
_NAME = re.compile(r"^FN[^:\n]*:\s*(?P<name>[^\r\n]+)", re.MULTILINE)


def attachments(sent: Sequence[Mapping[str, Any]]) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """What a robot may take, and MAX's names of kinds that none ever takes."""
    taken: list[Attachment] = []
    strange: list[str] = []
    for one in sent:
        kind = str(one.get("type", ""))
        payload = one.get("payload")
        made = _attachment(kind, one, payload if isinstance(payload, Mapping) else {})
        if made is not None:
            taken.append(made)
        elif kind not in (
            "inline_keyboard",
            "share",
        ):  # `share` is the page that an address in the text leads to
            strange.append(kind)
    return tuple(taken), tuple(strange)


def _attachment(kind: str, whole: Mapping[str, Any], payload: Mapping[str, Any]) -> Attachment | None:
    media = str(payload.get("url") or "")
    match kind:
        case "image":
            return Attachment("image", media=media, mime="image/jpeg")
        case "video":
            return Attachment("video", media=media, mime="video/mp4")
        case "audio":  # MAX has no other sounds than voice messages
            return Attachment("voice", media=media)
        case "file":
            size = whole.get("size")
            name = str(whole.get("filename") or "")
            return Attachment("file", name=name, media=media, size=size if isinstance(size, int) else 0)
        case "sticker":
            return Attachment("sticker", media=media)
        case "contact":
            return Attachment("contact", value=_contact(payload))
        case "location":
            point = {"lat": whole.get("latitude"), "lon": whole.get("longitude")}
            numbers = all(isinstance(one, int | float) for one in point.values())
            return Attachment("location", value=point) if numbers else None
    return None


def _contact(payload: Mapping[str, Any]) -> dict[str, str]:
    card = str(payload.get("vcf_info") or "").replace("\\r\\n", "\n")
    phone, name = _PHONE.search(card), _NAME.search(card)
    known = payload.get("max_info")
    told = known.get("name") or known.get("first_name") if isinstance(known, Mapping) else None
    return {
        "phone": phone["phone"].strip() if phone else "",
        "name": name["name"].strip() if name else str(told or ""),
    }
