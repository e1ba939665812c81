"""Texts as Telegram takes them: cut at its lengths, Markdown as its HTML."""

from __future__ import annotations

from html import escape

from ses.connectors.texts import split_text
from ses.markdown import TextRenderer

MESSAGE = 4096
"""Characters of a message."""
CAPTION = 1024
"""Characters of a text under a picture or file."""

_TAGS = {"strong": "b", "em": "i", "s": "s"}


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
    """The Markdown that robots and models write, as Telegram's HTML."""
    return _RENDERER.render(text)


class _HtmlRenderer(TextRenderer):
    def text(self, text: str) -> str:
        return escape(text, quote=False)

    def heading(self, inner: str) -> str:
        return f"<b>{inner}</b>"

    def code_block(self, code: str, language: str) -> str:
        if not language:
            return f"<pre>{self.text(code)}</pre>"
        return f'<pre><code class="language-{escape(language)}">{self.text(code)}</code></pre>'

    def quote(self, inner: str, depth: int) -> str:
        return inner if depth else f"<blockquote>{inner}</blockquote>"  # Telegram knows none in each other

    def code(self, code: str) -> str:
        return f"<code>{self.text(code)}</code>"

    def mark(self, kind: str, inner: str) -> str:
        return f"<{_TAGS[kind]}>{inner}</{_TAGS[kind]}>"

    def link(self, inner: str, address: str) -> str:
        return f'<a href="{escape(address)}">{inner or self.text(address)}</a>'


_RENDERER = _HtmlRenderer()
