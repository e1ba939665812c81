"""The whole daemon, the demo robot and a real Chromium: a pizza is ordered, whatever happens meanwhile."""

from __future__ import annotations

import json

import pytest
import pytest_asyncio

from ..daemon import ROOT, Daemon, free_port

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def demo(tmp_path):
    """A daemon with the demo robots, whose sites are its own pages."""
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    config = json.loads((ROOT / "tools/demo.config.json").read_text())
    config |= {
        "port": 0,  # addresses of the usual port in the demo robots then mean whichever was taken
        "widget": {"port": port},
        "scenarios": str(ROOT / "scenarios"),
        "testapi": str(ROOT / "testapi"),
        "tmp": str(tmp_path / "tmp"),
    }
    for web in config["connectors"]["web"].values():
        web["origins"] = [site]
    return Daemon(tmp_path, config, answers=[f"{site}/ses/widget/js?pizzeria"])


@pytest_asyncio.fixture(loop_scope="session")
async def daemon(tmp_path):
    daemon = demo(tmp_path)
    try:
        await daemon.start()
        yield daemon
    finally:
        await daemon.end()


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


@pytest.mark.slow
async def test_killed_in_mid_dialogue_nothing_is_lost_and_nothing_shown_twice(daemon, visit):
    visitor = await visit(daemon.site)
    await visitor.open()
    await visitor.press("Заказать пиццу")
    await visitor.press("Четыре сыра")
    await visitor.sees("Какого размера?")
    before = await visitor.texts()

    await daemon.kill()
    await visitor.page.locator(".notice.shown", has_text="Нет связи").wait_for()
    await visitor.say("среднюю")  # written into the void, kept in the page
    await daemon.start()
    await visitor.sees("Что-нибудь добавить?")
    assert (await visitor.texts())[: len(before) + 1] == [*before, "среднюю"]

    whole = await visitor.texts()
    assert len(whole) == len(before) + 2
    await daemon.kill()
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
