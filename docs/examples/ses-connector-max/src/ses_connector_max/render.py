"""From one message of the robot to the messages that MAX gets for it. Values in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ses.connectors.texts import split_text
from ses.messages import Attachment, Outgoing
from ses_connector_max.keyboards import sheets

TEXT = 4000
"""Characters of one message."""
GALLERY = 12
"""Pictures and films of one message; every other attachment must be the only one of its message."""
KINDS = {
    "image": frozenset("jpg jpeg png gif tiff bmp heic".split()),
    "video": frozenset("mp4 mov mkv webm".split()),
    "audio": frozenset("mp3 wav m4a ogg oga opus aac flac".split()),
}
"""What may be uploaded as what, by the file's ending; the rest goes as `file`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One message as MAX gets it."""

    text: str = ""
    markdown: bool = False
    files: tuple[Attachment, ...] = ()
    """Files of the robot: a gallery, or one of another kind."""
    beside: tuple[dict[str, Any], ...] = ()
    """A place, a contact, a keyboard: as the API takes them."""


def rendered(message: Outgoing) -> list[Piece]:
    """The pieces of a message, in the order they are sent; the buttons stand under the last one."""
    markdown = message.format == "markdown"
    gallery = [one for one in message.attachments if _own(one) and upload_kind(one) in ("image", "video")]
    singles = [piece for one in message.attachments if one not in gallery and (piece := _single(one))]
    galleries = [
        Piece(files=tuple(gallery[start : start + GALLERY])) for start in range(0, len(gallery), GALLERY)
    ]
    links = [line for one in message.attachments if (line := _line(one))]
    texts = _texts("\n\n".join(part for part in (message.text, "\n".join(links)) if part))
    spoken = [Piece(text=text, markdown=markdown) for text in texts]
    if galleries and spoken:
        last = galleries.pop()
        spoken[0] = replace(spoken[0], files=last.files)
    pieces = [*singles, *galleries, *spoken]
    return _with_keyboards(pieces, sheets(message.buttons))


def upload_kind(attachment: Attachment) -> str:
    """`image`, `video`, `audio` or `file`: what `POST /uploads` is asked for."""
    ending = attachment.media.rpartition(".")[2].casefold()
    wanted = {"voice": "audio", "sticker": "image"}.get(attachment.kind, attachment.kind)
    return wanted if ending in KINDS.get(wanted, ()) else "file"


def _with_keyboards(pieces: list[Piece], keyboards: Sequence[dict[str, Any]]) -> list[Piece]:
    for number, keyboard in enumerate(keyboards):
        bearer = pieces[-1] if pieces and number == 0 else None
        if bearer is not None and not bearer.beside and (bearer.text or bearer.files):
            pieces[-1] = replace(bearer, beside=(keyboard,))
        else:  # neither a place nor a contact bears one
            pieces.append(Piece(text="⬇️", beside=(keyboard,)))
    return pieces


def _texts(text: str) -> list[str]:
    # MAX counts as Java does: what lies beyond the first plane of Unicode is two characters.
    beyond = sum(sign > "\uffff" for sign in text)
    return split_text(text, max(TEXT // 2, TEXT - beyond)) if text else []


def _own(attachment: Attachment) -> bool:
    return bool(attachment.media) and "://" not in attachment.media


def _single(attachment: Attachment) -> Piece | None:
    value = attachment.value
    if attachment.kind == "location":
        if isinstance(value, dict) and "lat" in value and "lon" in value:
            point = {"latitude": float(value["lat"]), "longitude": float(value["lon"])}
            return Piece(beside=({"type": "location", **point},))
        return None
    if attachment.kind == "contact":
        if isinstance(value, dict) and value.get("phone"):
            card = {"name": str(value.get("name") or "—"), "vcf_phone": str(value["phone"])}
            return Piece(beside=({"type": "contact", "payload": card},))
        return None
    return Piece(files=(attachment,)) if _own(attachment) else None


def _line(attachment: Attachment) -> str:
    """What lies elsewhere goes as text: MAX shows what is behind an address."""
    if not attachment.media.startswith(("https://", "http://")):
        return ""
    return f"{attachment.name}: {attachment.media}" if attachment.name else attachment.media
