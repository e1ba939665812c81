"""A real Chromium, and a person before one of its pages."""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --use-fake-device-for-media-stream"
).split()
NAMES = "--host-resolver-rules=MAP chat.example 127.0.0.1"
AXE = Path(__file__).parents[1] / "widget/node_modules/axe-core/axe.min.js"
ENDED = """() => {
    const roots = [document, ...[...document.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean)];
    const running = roots.flatMap((root) => root.getAnimations());
    for (const one of running) if (one.effect.getComputedTiming().endTime !== Infinity) one.finish();
}"""
"""Brings animations to their end, but those that never end (the dots of typing)."""


@asynccontextmanager
async def launched():
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("there is no browser: apt-get install chromium, or google-chrome on Ubuntu")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*FLAGS, NAMES])
        yield browser
        await browser.close()


class Person:
    """Somebody before a page; `complaints`: the errors that the page told the console of, or did not catch."""

    def __init__(self, page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self.listen)

    def listen(self, message) -> None:
        """To a line of the console."""
        if message.type == "error":
            self.complaints.append(message.text)

    def button(self, name: str):
        return self.page.get_by_role("button", name=name, exact=True)

    async def axe(self) -> list[str]:
        """What axe-core finds wrong, as `rule: element`."""
        await self.page.evaluate(AXE.read_text())
        # What is still fading in has the contrast of neither its first nor its last moment.
        await self.page.evaluate(ENDED)
        found = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{violation['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]
