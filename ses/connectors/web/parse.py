"""Frames a page sends, decoded: one JSON object each, `type` names it; unknown fields are ignored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from ses.errors import SesError

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
"""The page's own id of a message, unique within its session."""
Handle = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Malformed(SesError):
    """A frame that is not of the protocol. The socket is closed (1008) after telling so."""


class _Frame(msgspec.Struct, tag_field="type", omit_defaults=True, frozen=True):
    pass


class Hello(_Frame, tag="hello", frozen=True):
    session: Handle | None = None
    key: Handle | None = None
    after: Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)] | None = None
    """The last `seq` shown; none: the last entries, the visitor's own among them."""
    identity: Annotated[str, msgspec.Meta(max_length=8192)] | None = None
    """A token by which the site's server says who the visitor is (`ses.connectors.web.identity`)."""
    variables: dict[str, Any] = {}
    page: dict[str, Any] = {}


class Open(_Frame, tag="open", frozen=True):
    """The visitor opened the window."""


class UploadRef(msgspec.Struct, frozen=True):
    id: Handle
    """As `POST /ses/upload` answered."""
    kind: Literal["", "voice"] = ""
    """`voice`: spoken for this message, not a recording from elsewhere."""


class Message(_Frame, tag="message", frozen=True):
    id: Id
    text: str | None = None
    button: Handle | None = None
    attachments: Annotated[tuple[UploadRef, ...], msgspec.Meta(max_length=10)] = ()


class Edit(_Frame, tag="edit", frozen=True):
    id: Id
    of: Id
    text: Annotated[str, msgspec.Meta(min_length=1)]


class Typing(_Frame, tag="typing", frozen=True):
    """The visitor is typing."""


class Read(_Frame, tag="read", frozen=True):
    seq: Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]


class Continue(_Frame, tag="continue", frozen=True):
    """The visitor wants to go on in a messenger; answered by `elsewhere`."""

    id: Id
    to: Handle
    """One of the welcome's `settings.elsewhere`."""


class Ping(_Frame, tag="ping", frozen=True):
    """Answered by `pong`: a page cannot see websocket pings."""


Frame = Hello | Open | Message | Edit | Typing | Read | Continue | Ping

_decoder = msgspec.json.Decoder(Frame)


def parse(data: str) -> Frame:
    """Decode one frame. Raises `Malformed` with a message that names the field and echoes at most 200 characters."""
    try:
        frame: Frame = _decoder.decode(data)
    except msgspec.DecodeError as error:  # ValidationError is one
        raise Malformed(str(error)[:200]) from None
    except RecursionError:
        raise Malformed("JSON is nested too deeply") from None
    if type(frame) is Message and not (frame.text or frame.button or frame.attachments):
        raise Malformed("Object has none of `text`, `button`, `attachments`")
    return frame
