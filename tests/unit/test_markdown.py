"""One Markdown for all who show it: a table of cases that the chat page's grammar is held to as well (tests/widget)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ses import markdown
from ses.connectors.telegram.text import to_html
from ses.connectors.vk.render import plain
from ses.dialogue.output.speech import spoken

CASES = json.loads((Path(__file__).parents[1] / "markdown_cases.json").read_text(encoding="utf-8"))
MARKED = st.text(alphabet="аб1 \n\n*_~`#->[]()!\\.:/<", max_size=60)
WRITTEN = st.lists(
    st.sampled_from(["**", "*", "_", "~~", "`", "```\n", "\n", "\n\n", "- ", "1. ", "> ", "# ", "  ", "[", "](", ")",
                     "https://а.рф/", "<", "слово", "два слова", "!", "\\", "---"]),
    max_size=30,
).map("".join)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_each_channel_renders_the_case(case):
    written = case["markdown"]
    assert to_html(written) == case["telegram"]
    assert plain(written) == case["plain"]
    assert spoken(written) == case["spoken"]


class Html(HTMLParser):
    """Telegram's reading: every tag is closed, in the order of opening."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.shown = ""
        self.hidden = ""
        """What stands in attributes: addresses and the languages of code."""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in {"b", "i", "s", "a", "code", "pre", "blockquote"}
        assert tag != "blockquote" or tag not in self.open
        self.open.append(tag)
        self.hidden += "".join(value.removeprefix("language-") for _, value in attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.shown += data

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def letters(text: str) -> Counter[str]:
    return Counter(sign for sign in text if sign.isalnum())


def hidden_letters(written: str) -> Counter[str]:
    """Of titles of links and languages of code, which not every channel shows."""
    found: Counter[str] = Counter()
    for token in markdown._tokens(written):
        found += letters(token.info) if token.type == "fence" else Counter()
        for inline in token.children or ():
            found += letters(str(inline.attrs.get("title", "")))
    return found


@given(MARKED | WRITTEN)
@example("[a](https://b (c))")
@example("> " * 30 + "a")
@example("[" * 600 + "a")
@example("#")
@example("```\n```")
def test_no_letter_is_lost_and_telegrams_html_is_well_formed(written):
    shown = Html(to_html(written))
    assert letters(shown.shown + shown.hidden) >= letters(written) - hidden_letters(written)
    assert bool(shown.shown.strip()) == bool(written.strip()) or "`" in written or "[" in written
    assert letters(plain(written)) >= letters(written) - hidden_letters(written)


@pytest.mark.parametrize("mark", ["*", "[", "`", "_a", "**a ", "> ", "1. ", "<", "[a]("])
def test_a_flood_of_marks_is_shown_as_it_is(mark):
    assert plain("начало\n" + mark * 5000) == "начало\n" + mark * 5000


def test_the_library_is_loaded_with_the_first_text_only():
    program = "import sys, ses.connectors.telegram.text, ses.dialogue.output.speech; sys.exit('markdown_it' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
