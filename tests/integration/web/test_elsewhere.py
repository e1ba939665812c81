""" "Continue in Telegram": the widget's button, its link and its QR code, and the frames behind them."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import segno
from aiohttp import web

from ses.connectors.testing import MemoryReception
from ses.connectors.web.qr import qr_code

BOTH = ("telegram.shop", "vk.shop")
LINKS = {"telegram.shop": "https://t.me/shop_bot?start=", "vk.shop": "https://vk.me/club77?ref="}


def reception():
    made = MemoryReception()
    made.links = dict(LINKS)
    return made


async def test_a_page_gets_a_link_to_each_messenger_of_its_site_and_to_no_other(start):
    async with start(reception(), elsewhere=BOTH) as daemon:
        page = daemon.page()
        welcome = await page.connect()
        assert welcome["settings"]["elsewhere"] == list(BOTH)
        await page.send(type="continue", id="c1", to="vk.shop")
        answer = await page.until("elsewhere")
        assert (answer["id"], answer["url"]) == ("c1", f"{LINKS['vk.shop']}{page.session}")
        assert answer["qr"] == msgspec.to_builtins(qr_code(answer["url"]))
        await page.send(type="continue", id="c2", to="vk.other")
        refused = await page.until("error")
        assert (refused["id"], refused["code"]) == ("c2", "malformed")


async def test_while_the_messenger_is_not_connected_the_page_is_told_so(start):
    async with start(MemoryReception(), elsewhere=BOTH) as daemon:
        page = daemon.page()
        await page.connect()
        await page.send(type="continue", id="c1", to="vk.shop")
        refused = await page.until("error")
        assert (refused["id"], refused["code"]) == ("c1", "busy")
        assert (await page.ask("привет"))["text"] == "echo привет"


def test_a_code_is_what_the_library_draws():
    """Each dark module lies under one bar and no light one does."""
    code = qr_code("https://t.me/shop_bot?start=go_0123456789abcdefghijkl")
    drawn = set()
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1H\d+z", code.path):
        drawn |= {(int(y), column) for column in range(int(x), int(x) + int(width))}
    matrix = segno.make(
        "https://t.me/shop_bot?start=go_0123456789abcdefghijkl", error="m", micro=False
    ).matrix
    assert drawn == {(y, x) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark}
    assert code.size == len(matrix)


@pytest.fixture
def site(start):
    """A site of another origin with the policy that `docs/widget.md` names, over a daemon with these messengers."""

    @asynccontextmanager
    async def running(elsewhere):
        app = web.Application()
        runner = web.AppRunner(app)
        shown: dict[str, Any] = {}

        async def answer(_request):
            return web.Response(content_type="text/html", **shown)

        async def no_icon(_request):
            return web.Response(status=204)

        app.add_routes([web.get("/", answer), web.get("/favicon.ico", no_icon)])
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            async with start(reception(), origins=frozenset({url}), elsewhere=elsewhere) as daemon:
                base = daemon.base
                policy = (
                    f"default-src 'none'; script-src {base}; connect-src {base} {base.replace('http', 'ws')}; "
                    f"img-src {base}; require-trusted-types-for 'script'; trusted-types ses-widget"
                )
                shown["headers"] = {"Content-Security-Policy": policy}
                shown["text"] = (
                    '<!doctype html><html lang="ru"><meta charset="utf-8"><title>Магазин</title><main><h1>Магазин</h1></main>'
                    f'<script src="{base}/ses/widget/js?site" type="module" token="T0ken"></script>'
                )
                yield url
        finally:
            await runner.cleanup()

    return running


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_the_button_offers_the_messengers_and_shows_link_and_code(site, visit, scheme, width, tmp_path):
    async with site(BOTH) as url:
        visitor = await visit(
            url,
            color_scheme=scheme,
            viewport={"width": width, "height": 800},
            reduced_motion="reduce",
            bypass_csp=scheme == "dark",
        )
        await visitor.open()
        await visitor.button("Продолжить в мессенджере").click()
        await visitor.button("ВКонтакте").click()
        link = visitor.page.get_by_role("link", name="Открыть ВКонтакте")
        await link.wait_for()
        assert (await link.get_attribute("href")).startswith(LINKS["vk.shop"])
        await visitor.button("Telegram").click()
        link = visitor.page.get_by_role("link", name="Открыть Telegram")
        await link.wait_for()
        assert (await link.get_attribute("href")).startswith(LINKS["telegram.shop"])
        code = visitor.page.get_by_role("img", name="QR-код ссылки")
        box = await code.bounding_box()
        assert (round(box["width"]), round(box["height"])) == (164, 164)
        await visitor.page.screenshot(path=str(tmp_path / f"elsewhere-{scheme}.png"))
        if scheme == "dark":  # axe itself is a script that the policy forbids
            assert await visitor.axe() == []
        await visitor.page.keyboard.press("Escape")
        assert await link.count() == 0
        assert visitor.complaints == []


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_with_one_messenger_the_link_is_there_at_once(site, visit):
    async with site(BOTH[:1]) as url:
        visitor = await visit(url)
        await visitor.open()
        await visitor.button("Продолжить в мессенджере").click()
        await visitor.page.get_by_role("link", name="Открыть Telegram").wait_for()


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_without_messengers_nothing_of_it_is_loaded(site, visit):
    async with site(()) as url:
        visitor = await visit(url)
        loaded = []
        visitor.page.on("request", lambda request: loaded.append(request.url))
        await visitor.page.reload()
        await visitor.open()
        await visitor.sees("event start")
        assert await visitor.button("Продолжить в мессенджере").count() == 0
        assert any("talk.js" in url for url in loaded)
        assert not any("elsewhere" in url for url in loaded)
