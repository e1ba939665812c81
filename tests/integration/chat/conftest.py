"""The chat page over an engine that says what it is told to, as the daemon puts it together, in a real Chromium."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from doubles.served_llm import serving_llm
from ses.config import load

from .. import browser

ROOT = Path(__file__).parents[3]
REMOTE = {"engine": "remote", "servers": [{"url": "http://127.0.0.1:9/v1"}]}
"""Some model; the engine of a test stands in its place."""


@pytest.fixture
def serve(tmp_path):
    """`async with serve({"token": "…"}) as daemon`: the settings are those of `gateway`."""

    @asynccontextmanager
    async def served(gateway: dict | None = None, *, llm: dict | None = REMOTE):
        file = tmp_path / "config.json"
        file.write_text(json.dumps({"llm": llm, "gateway": gateway or {}}))
        file.chmod(0o600)
        async with serving_llm(load(file, {})) as daemon:
            yield daemon

    return served


class Person(browser.Person):
    """Somebody before the page."""

    async def ask(self, text: str) -> None:
        await self.page.locator("#message").fill(text)
        await self.page.keyboard.press("Enter")

    async def sees(self, text: str):
        found = self.page.locator(".turn", has_text=text).last
        await found.wait_for()
        return found

    async def sees_whole(self, text: str) -> None:
        """An answer that has come to its end."""
        await self.page.locator(".turn.assistant:not(.writing)", has_text=text).last.wait_for()

    async def is_told(self, text: str) -> None:
        """Why the last answer is not whole."""
        await self.page.locator(".turn .note", has_text=text).last.wait_for()

    async def turns(self) -> list[str]:
        """What is said, top to bottom."""
        return await self.page.locator(".turn > .bubble, .turn > .prose").all_inner_texts()

    async def dialogues(self) -> list[str]:
        return await self.page.locator(".list .open > span:first-child").all_inner_texts()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(chromium):
    """`await visit(url, …)` opens the page in a browser of its own; `context=` that of an earlier person."""
    contexts = []

    async def go(url: str, *, context=None, ready: str = "#message", **options) -> Person:
        if context is None:
            context = await chromium.new_context(**{"locale": "en-US", **options})
            contexts.append(context)
        person = Person(await context.new_page())
        await person.page.goto(f"{url}/chat")
        await person.page.locator(ready).wait_for()
        return person

    yield go
    for context in contexts:
        await context.close()
