"""A message of the robot as VK's texts."""

from __future__ import annotations

from ses.connectors.texts import split_text
from ses.markdown import TextRenderer
from ses.messages import Attachment, Outgoing

TEXT = 4096
"""Characters of one message."""


def pieces(message: Outgoing, *, labels: str = "") -> list[str]:
    """The texts to send one after the other; one empty piece when only attachments go. `labels`: the buttons as text."""
    text = plain(message.text) if message.format == "markdown" else message.text
    links = [line for one in message.attachments if (line := _line(one))]
    whole = "\n\n".join(part for part in (text, "\n".join(links), labels) if part)
    return split_text(whole, TEXT) or [""]


def plain(markdown: str) -> str:
    """VK shows marks as they are written, so they go; a link keeps its address."""
    return _RENDERER.render(markdown)


class _PlainRenderer(TextRenderer):
    def link(self, inner: str, address: str) -> str:
        return address if inner in ("", address) else f"{inner} ({address})"


_RENDERER = _PlainRenderer()


def _line(attachment: Attachment) -> str:
    """What goes as text: VK takes no file by its address, but shows what is behind one."""
    if attachment.media.startswith(("https://", "http://")):
        return f"{attachment.name}: {attachment.media}" if attachment.name else attachment.media
    if attachment.kind == "contact" and isinstance(attachment.value, dict):
        return " ".join(str(attachment.value[key]) for key in ("name", "phone") if attachment.value.get(key))
    return ""
