"""Files in a real Chromium: shown while they go up, given up, tried again, pasted and dropped."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager

import pytest

from ses.connectors.web.uploads import UploadFolder

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CAT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAADCAIAAAA7ljmRAAAAEElEQVR4nGP4z8AARww4OQD1MQv1NXv7ggAAAABJRU5ErkJggg=="
)
"""A picture of 4 by 3 red dots."""


def file(name: str, content: bytes = CAT) -> dict:
    return {"name": name, "mimeType": "image/png" if name.endswith("png") else "", "buffer": content}


@pytest.fixture
def sending(shop, visit, tmp_path):
    """A visitor of a site that takes files: `async with sending() as (visitor, site)`."""

    @asynccontextmanager
    async def opened(largest: int = 10_000):
        async with shop(uploads=UploadFolder(tmp_path, largest)) as site:
            visitor = await visit(site.url)
            await visitor.open()
            await visitor.sees("Чем помочь?")
            yield visitor, site

    return opened


async def pick(visitor, *files: dict) -> None:
    await visitor.page.locator("input[type=file]").set_input_files(list(files))


def sent(site) -> list[str]:
    return [one.name for inbound in site.reception.received for one in inbound.attachments]


async def test_a_picture_is_shown_at_once_and_again_after_a_reload(sending):
    async with sending() as (visitor, site):
        await pick(visitor, file("кот.png"))
        picture = visitor.page.get_by_role("img", name="кот.png")
        await picture.wait_for()
        await visitor.sees("Вы сказали: None")
        await visitor.page.reload()
        await picture.wait_for()
        assert await picture.evaluate("canvas => [canvas.width, canvas.height]") == [4, 3]
        colour = "canvas => [...canvas.getContext('2d').getImageData(1, 1, 1, 1).data]"
        assert await picture.evaluate(colour) == [255, 0, 0, 255]
        assert sent(site) == ["кот.png"]
        assert visitor.complaints == []


async def test_a_file_under_way_shows_how_far_it_is_and_may_be_given_up(sending):
    async with sending() as (visitor, site):

        async def nobody_answers(_route):
            pass

        await visitor.page.route("**/ses/upload?*", nobody_answers)
        await pick(visitor, file("отчёт.bin", b"x" * 5000))
        line = visitor.page.locator(".line.waiting", has_text="отчёт.bin")
        await line.get_by_role("progressbar").wait_for()
        await line.get_by_role("button", name="Отменить").click()
        await line.wait_for(state="detached")
        await visitor.page.unroute("**/ses/upload?*")
        await pick(visitor, file("другой.bin", b"y"))
        await visitor.sees("Вы сказали: None")
        await visitor.page.reload()
        await visitor.sees("Вы сказали: None")
        assert sent(site) == ["другой.bin"]
        assert await visitor.page.get_by_text("отчёт.bin").count() == 0


async def test_a_broken_network_is_tried_again_by_itself(sending):
    async with sending() as (visitor, site):
        broken = []

        async def once(route):
            broken.append(route)
            await (route.abort() if len(broken) == 1 else route.continue_())

        await visitor.page.route("**/ses/upload?*", once)
        await pick(visitor, file("кот.png"))
        await visitor.sees("Вы сказали: None")
        assert sent(site) == ["кот.png"]
        assert len(broken) == 2


async def test_refused_by_the_daemon_it_waits_for_the_visitors_word(sending):
    async with sending() as (visitor, site):

        async def refuse(route):
            cors = {"Access-Control-Allow-Origin": site.url}
            await route.fulfill(status=429, headers=cors, json={"error": 1, "message": "100 files"})

        await visitor.page.route("**/ses/upload?*", refuse)
        await pick(visitor, file("кот.png"))
        failed = visitor.page.locator(".line.failed")
        await failed.get_by_text("не отправлено: слишком много файлов").wait_for()
        await visitor.page.unroute("**/ses/upload?*")
        await failed.get_by_role("button", name="Повторить").click()
        await visitor.sees("Вы сказали: None")
        assert await failed.count() == 0
        assert sent(site) == ["кот.png"]


async def test_what_is_too_large_is_told_before_it_goes_anywhere(sending):
    async with sending(largest=2000) as (visitor, _):
        asked = []
        visitor.page.on("request", lambda request: asked.append(request.url))
        assert await visitor.page.locator(".attach").get_attribute("title") == "Приложить файл, до 1,95 КБ"
        await pick(visitor, file("big.bin", b"x" * 2001))
        await visitor.page.get_by_text("не отправлено: слишком большой файл").wait_for()
        assert await visitor.page.get_by_role("button", name="Повторить").count() == 0
        assert not any("/ses/upload" in url for url in asked)


PASTE = """(input, types) => {
    const carried = new DataTransfer();
    carried.items.add(new File(["x"], "table.bin"));
    for (const type of types) carried.setData(type, "1\t2");
    const event = new ClipboardEvent("paste", { bubbles: true, cancelable: true, composed: true, clipboardData: carried });
    return !input.dispatchEvent(event);
}"""


async def test_a_pasted_table_is_text_though_it_brings_a_picture_of_itself(sending):
    async with sending() as (visitor, site):
        field = visitor.page.locator("textarea")
        assert await field.evaluate(PASTE, ["text/plain"]) is False  # left to the browser: it pastes the text
        assert await field.evaluate(PASTE, []) is True
        await visitor.sees("Вы сказали: None")
        assert sent(site) == ["table.bin"]


async def test_a_file_held_over_the_window_is_awaited_and_a_text_is_not(sending):
    async with sending() as (visitor, site):
        window = visitor.page.locator(".window")
        drag = """(window, file) => {
            const dataTransfer = new DataTransfer();
            if (file) dataTransfer.items.add(new File(["x"], "a.bin"));
            else dataTransfer.setData("text/plain", "x");
            window.dispatchEvent(new DragEvent("dragover", { bubbles: true, cancelable: true, dataTransfer }));
            return window.classList.contains("over");
        }"""
        assert await window.evaluate(drag, False) is False
        assert await window.evaluate(drag, True) is True
        await window.evaluate("window => window.dispatchEvent(new DragEvent('dragleave'))")
        assert "over" not in await window.get_attribute("class")
        assert sent(site) == []


async def test_the_visitors_own_words_are_unmasked_after_a_reload_and_masked_in_another_tab(shop, visit):
    async with shop() as site:
        visitor = await visit(site.url)
        await visitor.open()
        await visitor.say("код 1234")
        await visitor.sees("Вы сказали: код 1234")
        [inbound] = [one for one in site.reception.received if one.text]
        inbound.text = "‹code›"  # as the daemon stores it when the turn is done
        await visitor.page.reload()
        await visitor.sees("код 1234")
        assert await visitor.page.locator(".mine .bubble").all_inner_texts() == ["код 1234"]
        assert await visitor.page.evaluate("Object.keys(sessionStorage)") == []
        other = await visit(site.url, context=visitor.page.context)
        await other.sees("‹code›")
        assert await other.page.locator(".mine .bubble").all_inner_texts() == ["‹code›"]
