"""The whole daemon, the demo robot and a real Chromium: a pizza is ordered, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[3]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Daemon:
    """`ses run` as a process over a folder of its own."""

    def __init__(self, folder: Path) -> None:
        public = free_port()
        self.site = f"http://127.0.0.1:{public}"
        self._config = folder / "config.json"
        self._log = folder / "output.log"
        self._process: asyncio.subprocess.Process | None = None
        config = json.loads((ROOT / "tools/demo.config.json").read_text())
        config |= {
            "port": 0,  # addresses of the usual port in the demo robots then mean whichever was taken
            "widget": {"port": public},
            "scenarios": str(ROOT / "scenarios"),
            "testapi": str(ROOT / "testapi"),
            "tmp": str(folder / "tmp"),
        }
        for web in config["connectors"]["web"].values():
            web["origins"] = [self.site]
        self._config.write_text(json.dumps(config))

    async def start(self) -> None:
        with self._log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ses", "run", "--config", str(self._config),
                cwd=ROOT, stdout=output, stderr=output,
            )  # fmt: skip
        async with asyncio.timeout(60), ClientSession() as http:
            while True:
                assert self._process.returncode is None, self._log.read_text()
                try:
                    async with http.get(f"{self.site}/ses/widget/js?pizzeria") as answer:
                        if answer.status == 200:
                            return
                except ClientError:
                    pass  # not listening yet
                await asyncio.sleep(0.05)

    async def end(self, how: signal.Signals) -> None:
        """Send it a signal and wait until it is gone."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(how)
            await self._process.wait()


@pytest.fixture
async def daemon(tmp_path):
    daemon = Daemon(tmp_path)
    try:
        await daemon.start()
        yield daemon
    finally:
        await daemon.end(signal.SIGTERM)


async def test_an_order_by_mouse(daemon, visit):
    visitor = await visit(daemon.site)
    await visitor.open()
    await visitor.sees("Здравствуйте! Это пиццерия «Печь».")
    for label in ("Заказать пиццу", "Пепперони", "Большая", "Пропустить", "Самовывоз"):
        await visitor.press(label)
        await visitor.page.locator(".mine .bubble", has_text=label).wait_for()
        await visitor.page.locator(".mine:last-child").wait_for(state="detached")
    await visitor.sees("Ваш телефон?")
    await visitor.say("+7 913 123-45-67")
    await visitor.sees("Всё верно?")
    await visitor.press("Да")
    await visitor.sees("принят!")
    assert visitor.complaints == []


async def test_an_order_by_keyboard(daemon, visit):
    visitor = await visit(daemon.site)
    keys = visitor.page.keyboard
    for _ in range(12):  # past the site's own links to the widget's button
        await keys.press("Tab")
        if await visitor.page.evaluate("document.activeElement.tagName") == "SES-WIDGET":
            break
    await keys.press("Enter")
    await visitor.sees("Здравствуйте!")
    await keys.type("хочу большую маргариту на Ленина 5")
    await keys.press("Enter")
    await visitor.sees("Что-нибудь добавить?")
    await keys.press("Alt+2")  # Грибы
    await visitor.sees("Ваш телефон?")
    await keys.type("8 913 123-45-67")
    await keys.press("Enter")
    await visitor.sees("Всё верно?")
    await keys.press("Shift+Tab")
    await keys.press("Shift+Tab")
    await keys.press("Enter")  # from the field back over «Нет» to «Да»
    await visitor.sees("принят!")
    await keys.press("Escape")
    assert await visitor.page.locator(".window").is_hidden()


async def test_killed_in_mid_dialogue_nothing_is_lost_and_nothing_shown_twice(daemon, visit):
    visitor = await visit(daemon.site)
    await visitor.open()
    await visitor.press("Заказать пиццу")
    await visitor.press("Четыре сыра")
    await visitor.sees("Какого размера?")
    before = await visitor.texts()

    await daemon.end(signal.SIGKILL)
    await visitor.page.locator(".notice.shown", has_text="Нет связи").wait_for()
    await visitor.say("среднюю")  # written into the void, kept in the page
    await daemon.start()
    await visitor.sees("Что-нибудь добавить?")
    assert (await visitor.texts())[: len(before) + 1] == [*before, "среднюю"]

    whole = await visitor.texts()
    assert len(whole) == len(before) + 2
    await daemon.end(signal.SIGKILL)
    await daemon.start()
    await visitor.page.reload()
    await visitor.sees("Что-нибудь добавить?")
    assert await visitor.texts() == whole

    await visitor.press("Пропустить")
    await visitor.sees("Привезти или заберёте сами?")
    await visitor.press("Самовывоз")
    await visitor.say("+7 913 123-45-67")
    confirm = await visitor.sees("Всё верно?")
    assert "Четыре сыра, средняя" in await confirm.inner_text()
