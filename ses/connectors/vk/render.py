"""A message of the robot as VK's texts."""

from __future__ import annotations

import re

from ses.connectors.texts import split_text
from ses.messages import Attachment, Outgoing

TEXT = 4096
"""Characters of one message."""

_LINK = re.compile(r"!?\[([^\]\n]+)\]\((https?://[^\s)]+)\)")
_MARKS = (
    re.compile(r"^#{1,6}[ \t]+", re.MULTILINE),
    re.compile(r"^```\w*$\n?", re.MULTILINE),
    re.compile(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1", re.DOTALL),
    re.compile(r"(?<![\w*])(\*|_)(?=\S)([^*_\n]+?)(?<=\S)\1(?![\w*])"),
    re.compile(r"(`)([^`\n]+)\1"),
)


def pieces(message: Outgoing, *, labels: str = "") -> list[str]:
    """The texts to send one after the other; one empty piece when only attachments go. `labels`: the buttons as text."""
    text = plain(message.text) if message.format == "markdown" else message.text
    links = [line for one in message.attachments if (line := _line(one))]
    whole = "\n\n".join(part for part in (text, "\n".join(links), labels) if part)
    return split_text(whole, TEXT) or [""]


def plain(markdown: str) -> str:
    """VK shows marks as they are written, so they go; a link keeps its address."""
    text = _LINK.sub(lambda found: found[2] if found[1] == found[2] else f"{found[1]} ({found[2]})", markdown)
    for mark in _MARKS:
        text = mark.sub(lambda found: found[2] if found.re.groups else "", text)
    return text


def _line(attachment: Attachment) -> str:
    """What goes as text: VK takes no file by its address, but shows what is behind one."""
    if attachment.media.startswith(("https://", "http://")):
        return f"{attachment.name}: {attachment.media}" if attachment.name else attachment.media
    if attachment.kind == "contact" and isinstance(attachment.value, dict):
        return " ".join(str(attachment.value[key]) for key in ("name", "phone") if attachment.value.get(key))
    return ""
