"""Markdown, the subset that robots and models write: one grammar (`markdown-it`) for all who show it or speak it.

The chat page reads it with a grammar in JavaScript; `tests/markdown_cases.json` holds both to the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

SPECIAL = re.compile(r"[*_~`<>#\\\[]|^ *(?:[-+]|\d+[.)])", re.MULTILINE)
"""What a mark begins with; most texts have none and are not parsed."""
MARKS = re.compile(r"[\[*_~<`]")
MOST_MARKS = 500
"""Marks of a paragraph; with more of them, which nobody writes, the text is shown as it is: reading it takes quadratic time."""
LINE = re.compile(r"\n(?!\n)")
"""The end of a line before one that is not empty."""
DEEPEST = 20
"""Levels of quotes and lists in each other; a text that goes deeper is shown as it is."""


class TextRenderer:
    """Markdown as a text with the layout it was written in. What is here is the text without marks; subclasses put theirs
    around its parts, which they get rendered already."""

    bullet: ClassVar[str] = "• "
    indent: ClassVar[str] = "  "

    def render(self, markdown: str) -> str:
        """Nothing but marks is lost. What is no mark of the subset, or is nothing but marks, stays as it is written."""
        text = markdown.replace("\r\n", "\n")
        tokens = _tokens(text)
        return _Walk(self, tokens).blocks() if tokens else self.text(text)

    def text(self, text: str) -> str:
        return text

    def heading(self, inner: str) -> str:
        return inner

    def code_block(self, code: str, language: str) -> str:
        """`language`: as it stands behind the fence, mostly empty."""
        del language
        return self.text(code)

    def quote(self, inner: str, depth: int) -> str:
        """`depth`: quotes around it, 0 for the outermost."""
        del depth
        return "\n".join(f"> {line}" for line in inner.split("\n"))

    def rule(self, written: str) -> str:
        return written

    def code(self, code: str) -> str:
        return self.text(code)

    def mark(self, kind: str, inner: str) -> str:
        """`kind`: `strong`, `em` or `s`."""
        del kind
        return inner

    def link(self, inner: str, address: str) -> str:
        """`address`: http or https; `inner` is empty for a link without a text."""
        raise NotImplementedError


class _Walk:
    """One walk over the tokens of a text, from its beginning to its end."""

    def __init__(self, renderer: TextRenderer, tokens: Sequence[Token]) -> None:
        self._renderer = renderer
        self._tokens = tokens
        self._at = 0
        self._quotes = 0
        self._last = 0
        """The source's line after the last one that was rendered."""

    def blocks(self, closing: str = "") -> str:
        """Blocks up to the token of that type, as far apart as they are written."""
        parts: list[str] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == closing:
                break
            begin = token.map[0] if token.map else self._last
            if parts:
                parts.append("\n" * (1 + max(0, begin - self._last)))
            parts.append(self._block(token))
        return "".join(parts)

    def _block(self, token: Token) -> str:
        renderer = self._renderer
        match token.type:
            case "heading_open":
                return renderer.heading(self._line(token, "heading_close"))
            case "paragraph_open":
                return self._line(token, "paragraph_close")
            case "fence":
                self._end(token)
                return renderer.code_block(token.content.removesuffix("\n"), token.info.strip())
            case "hr":
                self._end(token)
                return renderer.rule(token.markup[:3])
            case "blockquote_open":
                depth, self._quotes = self._quotes, self._quotes + 1
                inner = self.blocks("blockquote_close")
                self._quotes = depth
                return renderer.quote(inner, depth)
            case "list_item_open":
                self._last = token.map[0] if token.map else self._last
                bullet = f"{token.info}{token.markup} " if token.info else renderer.bullet
                inner = self.blocks("list_item_close")
                return bullet + LINE.sub(f"\n{renderer.indent}", inner)
            case _:  # a list: its items are blocks
                return self.blocks(token.type.replace("_open", "_close"))

    def _line(self, opening: Token, closing: str) -> str:
        inline = self._tokens[self._at]
        self._at += 1
        while self._tokens[self._at].type != closing:
            self._at += 1
        self._at += 1
        self._end(opening)
        return self._inline(inline.children or ())

    def _end(self, token: Token) -> None:
        self._last = token.map[1] if token.map else self._last

    def _inline(self, tokens: Sequence[Token]) -> str:
        renderer = self._renderer
        open_: list[tuple[str, list[str]]] = [("", [])]
        """What is open: the address of a link or nothing, and the parts of it so far."""
        for token in tokens:
            parts = open_[-1][1]
            if token.nesting > 0:
                open_.append((str(token.attrs.get("href", "")), []))
            elif token.nesting < 0:
                address, inner = open_.pop()
                text = "".join(inner)
                shown = renderer.link(text, address) if address else renderer.mark(token.tag, text)
                open_[-1][1].append(shown)
            elif token.type == "text":
                parts.append(renderer.text(token.content))
            elif token.type == "code_inline":
                parts.append(renderer.code(token.content))
            elif token.type == "image":  # pictures are not fetched: a link to each
                label = self._inline(token.children or ())
                parts.append(renderer.link(label, str(token.attrs["src"])))
            else:
                parts.append("\n")
        return "".join(open_[0][1])


def _tokens(text: str) -> Sequence[Token]:
    """None of a text that has no marks, would take too long, is too deep, or has no words."""
    if SPECIAL.search(text) is None or any(
        len(MARKS.findall(part)) > MOST_MARKS for part in text.split("\n\n")
    ):
        return ()
    tokens = _parser().parse(text)
    too_deep = any(token.level >= DEEPEST - 1 for token in tokens)
    return tokens if not too_deep and any(token.content for token in tokens) else ()


def prepare() -> None:
    """Import the library, a tenth of a second of work: off the loop, by those who will show Markdown."""
    _parser()


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # only robots that write Markdown pay for it

    made = MarkdownIt("commonmark", {"html": False, "maxNesting": DEEPEST}).enable("strikethrough")
    made.disable(["lheading", "code", "reference", "html_block", "html_inline", "entity"])
    made.validateLink = _is_web  # type: ignore[method-assign,assignment]
    made.normalizeLink = made.normalizeLinkText = str  # type: ignore[method-assign,assignment]
    return made


def _is_web(address: str) -> bool:
    return address.lower().startswith(("https://", "http://"))
