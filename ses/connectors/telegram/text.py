"""Texts as Telegram takes them: cut at its lengths, Markdown as its HTML."""

from __future__ import annotations

import html
import re

from ses.connectors.texts import split_text

MESSAGE = 4096
"""Characters of a message."""
CAPTION = 1024
"""Characters of a text under a picture or file."""

_MARKS = re.compile(
    r"```(?:\w+\n)?(?P<block>.+?)```|\*\*(?P<bold>[^*\n]+)\*\*|`(?P<code>[^`\n]+)`"
    r"|\[(?P<label>[^\]\n]+)\]\((?P<target>https?://[^\s)]+)\)|\*(?P<slant>[^*\s][^*\n]*)\*",
    re.DOTALL,
)
_DOT = re.compile(r"^[-*] ", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)


def length(text: str) -> int:
    """The length as Telegram counts it: in UTF-16 units, so an emoji counts as two."""
    return len(text) + sum(sign > "\uffff" for sign in text)


def pieces(text: str, limit: int = MESSAGE) -> list[str]:
    """The text in pieces that Telegram takes, cut where a reader would pause."""
    if length(text) <= limit:
        return [text] if text.strip() else []
    # Characters that count twice are rare: with them every piece is cut as if it had no others.
    return split_text(text, limit if length(text) == len(text) else limit // 2)


def to_html(text: str) -> str:
    """The Markdown that robots and models write, as Telegram's HTML. Whatever is no known mark stays as it is."""
    text = _HEADING.sub(r"**\1**", _DOT.sub("• ", text))
    shown: list[str] = []
    at = 0
    for match in _MARKS.finditer(text):
        shown.append(html.escape(text[at : match.start()], quote=False))
        shown.append(_marked(match))
        at = match.end()
    shown.append(html.escape(text[at:], quote=False))
    return "".join(shown)


def _marked(match: re.Match[str]) -> str:
    for name, tag in (("block", "pre"), ("code", "code")):
        if match[name] is not None:
            return f"<{tag}>{html.escape(match[name], quote=False)}</{tag}>"
    for name, tag in (("bold", "b"), ("slant", "i")):
        if match[name] is not None:
            return f"<{tag}>{html.escape(match[name], quote=False)}</{tag}>"
    return f'<a href="{html.escape(match["target"])}">{html.escape(match["label"], quote=False)}</a>'
