"""From one message of the robot to the messages that Telegram gets for it. Values in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from ses.connectors.telegram.attachments import OWN_FILE
from ses.connectors.telegram.keyboards import Markup, keyboard, links
from ses.connectors.telegram.text import CAPTION, length, pieces
from ses.messages import Attachment, Outgoing

ALBUM = 10
"""Pictures and files of an album at most."""

FileKind = Literal["photo", "video", "document", "audio", "voice", "sticker", "animation"]


@dataclass(frozen=True, slots=True)
class File:
    """Something with bytes, wherever they are."""

    kind: FileKind
    media: str
    """As `Attachment.media`."""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One message as Telegram gets it: a text, a file with its caption, an album, a place or a contact."""

    text: str = ""
    """The text, or what stands under the file."""
    markdown: bool = False
    files: tuple[File, ...] = ()
    """Several: an album."""
    location: tuple[float, float] | None = None
    """Latitude and longitude."""
    contact: tuple[str, str] | None = None
    """Phone and name."""
    markup: Markup | None = None


def rendered(message: Outgoing, session: str) -> list[Piece]:
    """The pieces of a message, in the order they are sent; the buttons stand under the last one."""
    markdown = message.format == "markdown"
    markup = keyboard(message.buttons, session, message.seq)
    text = "\n".join(part for part in (message.text, links(message.buttons)) if part)
    beside = _beside(message.attachments)
    if len(beside) == 1 and beside[0].files and text and length(text) <= CAPTION and _captioned(beside[0]):
        album = len(beside[0].files) > 1
        if not (album and markup):
            return [Piece(text=text, markdown=markdown, files=beside[0].files, markup=markup)]
    parts = pieces(text)
    if not parts and markup is not None:
        parts = ["⬇️"]
    shown = beside + [Piece(text=part, markdown=markdown) for part in parts]
    if shown and markup is not None:
        shown[-1] = Piece(text=shown[-1].text, markdown=markdown, markup=markup)
    return shown


def _captioned(piece: Piece) -> bool:
    return all(file.kind != "sticker" for file in piece.files)


def _beside(attachments: Sequence[Attachment]) -> list[Piece]:
    found: list[Piece] = []
    for album, group in groupby(attachments, key=_album):
        together = list(group)
        if not album:
            found += [piece for one in together if (piece := _single(one)) is not None]
            continue
        for at in range(0, len(together), ALBUM):
            found.append(Piece(files=tuple(_file(one) for one in together[at : at + ALBUM])))
    return found


def _album(attachment: Attachment) -> str:
    """What may stand in one album with it; empty: nothing."""
    kind = _file(attachment).kind
    if attachment.kind in ("location", "contact"):
        return ""
    return {"photo": "pictures", "video": "pictures", "document": "files", "audio": "sounds"}.get(kind, "")


def _single(attachment: Attachment) -> Piece | None:
    value = attachment.value
    if attachment.kind == "location":
        if isinstance(value, dict) and "lat" in value and "lon" in value:
            return Piece(location=(float(value["lat"]), float(value["lon"])))
        return None
    if attachment.kind == "contact":
        if isinstance(value, dict) and value.get("phone"):
            return Piece(contact=(str(value["phone"]), str(value.get("name") or attachment.name or "—")))
        return None
    return Piece(files=(_file(attachment),))


def _file(attachment: Attachment) -> File:
    name = attachment.name or attachment.media.rpartition("/")[2]
    ending = ("" if attachment.media.startswith(OWN_FILE) else attachment.media).rpartition(".")[2].casefold()
    kind: FileKind
    match attachment.kind:
        case "image":
            kind = "animation" if ending == "gif" else "document" if ending == "svg" else "photo"
        case "voice":
            kind = "voice" if ending in ("ogg", "oga", "opus") or "." not in attachment.media else "audio"
        case "audio" | "video" | "sticker":
            kind = attachment.kind
        case _:
            kind = "document"
    return File(kind, attachment.media, name)
