"""Frames the daemon sends, as JSON texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from ses.connectors.contract import HistoryEntry
from ses.connectors.web.qr import QrCode
from ses.connectors.web.uploads import SCHEME
from ses.messages import Attachment, Button, Delta, Outgoing

MediaUrl = Callable[[str], str]
"""`Attachment.media` → the address a page fetches it at, a path of this daemon or a full URL; empty: none."""


class ShownAttachment(msgspec.Struct, omit_defaults=True):
    kind: str
    name: str = ""
    url: str = ""
    mime: str = ""
    size: int = 0
    value: Any = None
    upload: str = ""
    """Of what the visitor sent himself: the id under which it is read back."""


class ShownMessage(msgspec.Struct, omit_defaults=True, tag_field="type", tag="message"):
    """A message as the page shows it, live or in `welcome.messages`."""

    id: str
    sender: Literal["robot", "operator", "visitor"] = msgspec.field(name="from")
    seq: int | None = None
    """Absent for the visitor's own."""
    at: float = 0.0
    text: str = ""
    buttons: tuple[Button, ...] = ()
    attachments: tuple[ShownAttachment, ...] = ()
    format: str = "plain"
    of: str | None = None
    """The visitor's message whose text this replaces."""
    transcript: str = ""
    """What was recognised in the visitor's voice."""


class Settings(msgspec.Struct, omit_defaults=True):
    title: str | Mapping[str, str] = ""
    color: str = ""
    kind: str = msgspec.field(name="type", default="chat")
    microphone: bool = False
    transcription: bool = False
    upload: int = 0
    """Largest file in bytes `POST /ses/upload` takes; 0: none."""
    elsewhere: tuple[str, ...] = ()
    """Connectors in which the visitor may go on."""


class Elsewhere(msgspec.Struct, tag_field="type", tag="elsewhere"):
    """A link on which the conversation goes on in a messenger."""

    id: str
    url: str
    qr: QrCode


class Welcome(msgspec.Struct, omit_defaults=True, tag_field="type", tag="welcome"):
    session: str
    key: str | None
    """The new session's key; null when the page's own pair was right."""
    settings: Settings
    messages: list[ShownMessage]
    another: bool = False
    """The page's pair is somebody else's: what waits there to be sent is not this visitor's."""


class Ack(msgspec.Struct, tag_field="type", tag="ack"):
    id: str


class ShownDelta(msgspec.Struct, tag_field="type", tag="delta"):
    id: str
    attempt: int
    at: int
    text: str


class ShownTyping(msgspec.Struct, tag_field="type", tag="typing"):
    on: bool


class Transcript(msgspec.Struct, tag_field="type", tag="transcript"):
    of: str
    """The visitor's voice message."""
    text: str


class Failure(msgspec.Struct, omit_defaults=True, tag_field="type", tag="error"):
    code: str
    message: str
    id: str | None = None
    retry_after: float | None = None


_encoder = msgspec.json.Encoder()

PONG = '{"type":"pong"}'


def encode(frame: msgspec.Struct) -> str:
    """The frame's JSON."""
    return _encoder.encode(frame).decode()


def shown_outgoing(message: Outgoing, media_url: MediaUrl, at: float = 0.0) -> ShownMessage:
    """A robot's message as the page gets it."""
    return ShownMessage(
        id=message.id,
        sender="robot",
        seq=message.seq,
        at=at,
        text=message.text,
        buttons=message.buttons,
        attachments=tuple(_shown(item, media_url) for item in message.attachments),
        format=message.format,
    )


def shown_entries(
    entries: Sequence[HistoryEntry], media_url: MediaUrl, *, transcription: bool = False
) -> list[ShownMessage]:
    """History as the page gets it: events leave no line, a pressed button is shown by its label. The stored text of a
    sound is what was recognised in it."""
    labels = {button.id: button.text for button in _buttons(entries)}
    shown: list[ShownMessage] = []
    for entry in entries:
        if entry.outgoing is not None:
            message = shown_outgoing(entry.outgoing, media_url, entry.at)
            message.sender = entry.sender
            shown.append(message)
        elif entry.inbound is not None and entry.inbound.spoken:
            inbound = entry.inbound
            text = inbound.text or (labels.get(inbound.button, inbound.button) if inbound.button else "")
            attachments = tuple(_shown(item, media_url) for item in inbound.attachments)
            spoken = any(item.kind in ("voice", "audio") for item in inbound.attachments)
            shown.append(
                ShownMessage(
                    id=inbound.id,
                    sender="visitor",
                    at=entry.at,
                    text="" if spoken else text,
                    attachments=attachments,
                    of=inbound.edit_of,
                    transcript=text if spoken and transcription else "",
                )
            )
    return shown


def shown_delta(delta: Delta) -> ShownDelta:
    return ShownDelta(delta.id, delta.attempt, delta.at, delta.text)


def _buttons(entries: Iterable[HistoryEntry]) -> Iterable[Button]:
    for entry in entries:
        if entry.outgoing is not None:
            yield from entry.outgoing.buttons


def _shown(attachment: Attachment, media_url: MediaUrl) -> ShownAttachment:
    return ShownAttachment(
        kind=attachment.kind,
        name=attachment.name,
        url=media_url(attachment.media) if attachment.media else "",
        mime=attachment.mime,
        size=attachment.size,
        value=attachment.value,
        upload=attachment.media.removeprefix(SCHEME) if attachment.media.startswith(SCHEME) else "",
    )
