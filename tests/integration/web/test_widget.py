"""The widget in a real Chromium, in a foreign site with a strict policy, over a daemon in memory."""

from __future__ import annotations

import asyncio
import html

import pytest

from ses.connectors.testing import MemoryReception
from ses.connectors.web.uploads import UploadFolder
from ses.messages import Button, Delta, Outgoing

from ..daemon import free_port
from .conftest import robot, say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_by_mouse_under_a_strict_policy_of_another_origin(shop, visit):
    async with shop() as site:
        visitor = await visit(site.url)
        await visitor.open()
        await visitor.press("Заказать")
        await visitor.sees("Нажато 1.0")
        await visitor.say("привет")
        await visitor.sees("Вы сказали: привет")
        assert await visitor.texts() == [
            "Здравствуйте!",
            "Чем помочь?",
            "Заказать",
            "Нажато 1.0",
            "привет",
            "Вы сказали: привет",
        ]
        assert await visitor.page.locator(".options button:enabled").count() == 0
        assert visitor.complaints == []


async def test_by_keyboard_alone(shop, visit):
    async with shop() as site:
        visitor = await visit(site.url)
        keys = visitor.page.keyboard
        await keys.press("Tab")
        await keys.press("Enter")
        await visitor.sees("Чем помочь?")
        focused = "document.querySelector('ses-widget').shadowRoot.activeElement?.className"
        assert await visitor.page.evaluate(focused) == "input"
        await keys.press("Alt+2")
        await visitor.sees("Нажато 1.1")
        await keys.press("Shift+Tab")  # back from the field to the last button
        assert await visitor.page.evaluate(focused) == "option"
        await keys.press("ArrowLeft")
        await keys.press("Space")
        await visitor.sees("Нажато 2.0")
        assert await visitor.page.evaluate(focused) == "input"
        await keys.type("строка")
        await keys.press("Shift+Enter")
        await keys.type("вторая")
        await keys.press("Enter")
        assert "\n" in await (await visitor.sees("Вы сказали: строка")).inner_text()
        await keys.press("Escape")
        assert await visitor.page.evaluate(focused) == "launcher"
        assert await visitor.page.locator(".window").is_hidden()


async def test_a_reload_shows_the_dialogue_as_it_was(shop, visit):
    async with shop() as site:
        visitor = await visit(site.url)
        await visitor.open()
        await visitor.press("Меню")
        await visitor.sees("Нажато")
        before = await visitor.texts()
        await visitor.page.reload()
        await visitor.sees("Нажато")  # the window was open and is so again
        assert await visitor.texts() == before
        assert await visitor.page.locator(".options button:enabled").all_inner_texts() == ["Да", "Нет"]


async def test_written_while_the_daemon_is_down_kept_over_a_reload_and_sent_once(shop, visit):
    async with shop() as site:
        visitor = await visit(site.url)
        await visitor.open()
        await visitor.sees("Чем помочь?")
        await site.down()
        await visitor.page.locator(".notice", has_text="Нет связи").wait_for()
        await visitor.say("раз")
        await visitor.say("два")
        assert await visitor.page.locator(".line.waiting").count() == 2
        await site.up()
        await visitor.page.reload()
        await visitor.sees("Вы сказали: два")
        texts = await visitor.texts()
        assert [text for text in texts if text in {"раз", "два"}] == ["раз", "два"]
        assert [text for text in texts if text.startswith("Вы")] == ["Вы сказали: раз", "Вы сказали: два"]
        assert [i.text for i in site.reception.received if i.text] == ["раз", "два"]
        await visitor.page.locator(".line.waiting").first.wait_for(state="detached")


async def test_it_comes_back_by_itself_and_shows_what_was_said_meanwhile_once(shop, visit):
    async with shop() as site:
        visitor = await visit(site.url)
        await visitor.open()
        await visitor.sees("Чем помочь?")
        await site.down()
        for number in range(3):
            await site.reception.say(site.conversation, say(f"новость {number}"), f"9/{number}")
        await site.up()
        await visitor.sees("новость 2")
        assert (await visitor.texts())[2:] == ["новость 0", "новость 1", "новость 2"]
        assert await visitor.page.locator(".notice.shown").count() == 0


async def test_a_second_tab_takes_over_without_a_fight(shop, visit):
    async with shop() as site:
        first = await visit(site.url)
        await first.open()
        await first.sees("Чем помочь?")
        second = await visit(site.url, context=first.page.context)
        await second.sees("Чем помочь?")
        here = first.button("Продолжить здесь")
        await here.wait_for()
        await second.say("из второй")
        await second.sees("Вы сказали: из второй")
        assert "Вы сказали: из второй" not in await first.texts()
        await here.click()
        await first.sees("Вы сказали: из второй")
        assert await first.texts() == await second.texts()
        await second.button("Продолжить здесь").wait_for()


async def test_news_to_a_closed_window_are_counted_and_read_when_it_opens(shop, visit):
    async with shop() as site:
        visitor = await visit(site.url)
        await visitor.open()
        await visitor.sees("Чем помочь?")
        await visitor.button("Закрыть чат").last.click()
        for number in range(2):
            await site.reception.say(site.conversation, say(f"новость {number}"), f"9/{number}")
        await visitor.button("Открыть чат, новых сообщений: 2").wait_for()
        await visitor.page.reload()
        await visitor.button("Открыть чат, новых сообщений: 2").click()
        await visitor.sees("новость 1")
        await visitor.page.keyboard.press("Escape")
        await visitor.button("Открыть чат").wait_for()


async def test_a_streamed_text_grows_quietly_and_is_read_out_whole(shop, visit):
    async with shop() as site:
        visitor = await visit(site.url)
        await visitor.open()
        await visitor.sees("Чем помочь?")
        connector, conversation = site.daemon.connector, site.conversation
        connector.typing(conversation, on=True)
        await visitor.page.locator(".typing").wait_for()
        id = f"{conversation.session}/7/1"
        connector.stream(conversation, Delta(id=id, attempt=1, at=0, text="Отвечаю"))
        await visitor.sees("Отвечаю")
        log = visitor.page.get_by_role("log")
        assert await log.get_attribute("aria-busy") == "true"
        assert await visitor.page.locator(".typing").is_hidden()
        connector.stream(conversation, Delta(id=id, attempt=1, at=7, text=" по словам"))
        await visitor.sees("Отвечаю по словам")
        await site.reception.say(conversation, say("Отвечаю по словам и до конца"), "7/1")
        await visitor.sees("до конца")
        assert await log.get_attribute("aria-busy") == "false"
        assert [text for text in await visitor.texts() if text.startswith("Отвечаю")] == [
            "Отвечаю по словам и до конца"
        ]


EVIL = [
    '<img src=x onerror="document.title=1">',
    "<script>document.title=1</script>",
    "javascript:document.title=1",
    "[x](javascript:document.title=1)",
    '[x](https://a.example/"onmouseover="document.title=1)',
    "**<b>x</b>** `<i>` data:text/html,x",
]


@pytest.mark.parametrize("format", ["plain", "markdown"])
async def test_what_a_robot_says_is_text(shop, visit, format):
    async with shop() as site:
        visitor = await visit(site.url)
        await visitor.open()
        await visitor.sees("Чем помочь?")
        for number, text in enumerate(EVIL):
            button = Button("Ссылка", url="javascript:document.title=1")
            await site.reception.say(
                site.conversation,
                say(text, format=format)
                if number
                else Outgoing(id="", seq=0, text=text, format=format, buttons=(button,)),
                f"9/{number}",
            )
        await visitor.sees("data:text/html")
        bubbles = visitor.page.locator(".line .bubble")
        assert await bubbles.locator("img, script, b, i").count() == 0
        links = await bubbles.locator("a").evaluate_all("all => all.map(a => a.protocol)")
        assert set(links) <= {"https:"}
        assert await visitor.page.locator(".options a").count() == 0
        assert await visitor.page.title() == "Магазин"
        assert html.unescape(await visitor.page.evaluate("document.title")) == "Магазин"


async def test_pictures_and_files_are_shown(shop, visit):
    async with shop() as site:
        visitor = await visit(site.url)
        await visitor.open()
        await visitor.say("картинка")
        picture = visitor.page.get_by_role("img", name="Маргарита")
        await picture.wait_for(state="attached")
        assert (await picture.get_attribute("src")).endswith("/ses/media/site/a.png")
        file = visitor.page.get_by_role("link", name="Меню.pdf")
        assert await file.get_attribute("rel") == "noopener noreferrer"
        assert "2 КБ" in await file.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_axe_finds_nothing(shop, visit, scheme, width):
    async with shop(color="#e8590c") as site:
        size = {"width": width, "height": 800}
        visitor = await visit(
            site.url, color_scheme=scheme, viewport=size, bypass_csp=True, reduced_motion="reduce"
        )
        assert await visitor.axe() == []
        await visitor.open()
        await visitor.press("Меню")
        await visitor.sees("Нажато")
        await visitor.say("картинка")
        await visitor.page.get_by_role("link", name="Меню.pdf").wait_for()
        await visitor.say("длинно")
        await visitor.sees("Печём на дровах")
        await visitor.page.mouse.move(0, 0)
        assert await visitor.axe() == []
        await site.down()
        await visitor.page.locator(".notice", has_text="Нет связи").wait_for()
        await visitor.say("без связи")
        assert await visitor.axe() == []


@pytest.mark.parametrize("kind", ["chat", "assistant"])
@pytest.mark.parametrize("name", ["pizzeria", "helpdesk"])
async def test_axe_finds_nothing_on_the_demo_pages(start, visit, kind, name):
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    site = {"origins": frozenset({origin}), "robot": name, "type": kind, "title": "Робот"}
    async with start(MemoryReception(robot), port=port, **site):
        for scheme in ("light", "dark"):
            visitor = await visit(
                f"{origin}/demo/site", bypass_csp=True, color_scheme=scheme, reduced_motion="reduce"
            )
            if kind == "chat":
                await visitor.open()
            await visitor.sees("Чем помочь?")
            await visitor.press("Меню")
            await visitor.sees("Нажато")
            assert await visitor.axe() == []


async def test_an_assistant_fills_its_page(start, visit):
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    async with start(MemoryReception(robot), port=port, origins=frozenset({origin}), type="assistant"):
        visitor = await visit(origin, viewport={"width": 1000, "height": 700})
        await visitor.sees("Чем помочь?")
        box = await visitor.page.locator(".window").bounding_box()
        assert (box["x"], box["width"], box["y"] + box["height"]) == (0, 1000, 700)
        assert await visitor.page.locator("button.launcher").is_hidden()
        await visitor.page.keyboard.press("Escape")
        await visitor.say("привет")
        await visitor.sees("Вы сказали: привет")


async def test_on_a_phone_it_fills_the_screen_and_keeps_the_focus(shop, visit):
    async with shop() as site:
        visitor = await visit(site.url, viewport={"width": 390, "height": 844})
        await visitor.open()
        await visitor.sees("Чем помочь?")
        window = visitor.page.locator(".window")
        await visitor.page.evaluate(
            "Promise.all(document.querySelector('ses-widget').shadowRoot.getAnimations().filter(a => a.effect.getTiming().iterations === 1).map(a => a.finished))"
        )
        assert await window.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
        assert await window.get_attribute("aria-modal") == "true"
        focused = "document.querySelector('ses-widget').shadowRoot.activeElement?.className"
        seen = set()
        for _ in range(9):
            await visitor.page.keyboard.press("Tab")
            seen.add(await visitor.page.evaluate(focused))
        assert seen == {"close", "log", "option", "input"}


async def test_who_wants_no_motion_gets_none(shop, visit):
    async with shop() as site:
        visitor = await visit(site.url, reduced_motion="reduce")
        await visitor.open()
        await visitor.sees("Чем помочь?")
        running = "document.querySelector('ses-widget').shadowRoot.getAnimations().length"
        assert await visitor.page.evaluate(running) == 0


async def test_in_english_with_the_tags_own_title(shop, visit):
    async with shop('lang="en" title="Help desk" theme="dark" color="#0b7a75"') as site:
        visitor = await visit(site.url)
        await visitor.button("Open chat").click()
        await visitor.page.get_by_role("dialog", name="Help desk").wait_for()
        await visitor.page.get_by_placeholder("Write a message…").wait_for()


async def test_a_refused_message_is_marked_and_the_dialogue_goes_on(shop, visit):
    from ses.connectors.contract import Refused

    async with shop() as site:
        visitor = await visit(site.url)
        await visitor.open()
        await visitor.sees("Чем помочь?")
        site.reception.refusals = [Refused("too_long", "No")]
        await visitor.say("нельзя")
        await visitor.page.locator(".line.failed", has_text="не отправлено").wait_for()
        await visitor.say("можно")
        await visitor.sees("Вы сказали: можно")


async def test_refused_for_a_moment_all_arrive_in_order(shop, visit):
    from ses.connectors.contract import Refused

    async with shop() as site:
        visitor = await visit(site.url)
        await visitor.open()
        await visitor.sees("Чем помочь?")
        site.reception.refusals = [Refused("busy", "Full", 0.2)]
        for text in ("раз", "два", "три"):
            await visitor.say(text)
        await visitor.sees("Вы сказали: три")
        assert [i.text for i in site.reception.received if i.text] == ["раз", "два", "три"]


async def test_a_message_already_stored_whose_ack_was_lost_is_shown_once(shop, visit):
    async with shop() as site:
        visitor = await visit(site.url)
        await visitor.open()
        await visitor.sees("Чем помочь?")
        site.reception.gate = asyncio.Event()
        await visitor.say("раз")
        receive = site.reception.receive
        stored = asyncio.Event()

        async def then_lost(inbound, *, key_hash=None):
            await receive(inbound, key_hash=key_hash)
            stored.set()
            raise ConnectionError("the acknowledgement never leaves")

        await visitor.page.locator(".line.waiting").wait_for()
        site.reception.gate.set()
        site.reception.receive = then_lost
        await visitor.say("два")
        await stored.wait()
        site.reception.receive = receive
        await site.down()
        await site.up()
        await visitor.sees("Вы сказали: два")
        await visitor.page.locator(".line.waiting").first.wait_for(state="detached")
        assert (await visitor.texts()).count("два") == 1
        assert (await visitor.texts()).count("Вы сказали: два") == 1


async def test_arrow_up_takes_the_last_message_back_to_be_changed(shop, visit):
    async with shop() as site:
        visitor = await visit(site.url)
        keys = visitor.page.keyboard
        await visitor.open()
        await visitor.say("пеперони")
        await visitor.sees("Вы сказали: пеперони")
        await keys.press("ArrowUp")
        field = visitor.page.locator("textarea")
        assert await field.input_value() == "пеперони"
        await visitor.page.get_by_role("status").get_by_text("Вы меняете сообщение").wait_for()
        await keys.press("Escape")
        assert await field.input_value() == ""
        await keys.press("ArrowUp")
        await visitor.say("маргариту")
        await visitor.sees("Вы сказали: маргариту")
        first, second = [i for i in site.reception.received if i.text]
        assert (second.text, second.edit_of) == ("маргариту", first.id)
        mine = visitor.page.locator(".mine .bubble")
        assert await mine.all_inner_texts() == ["маргариту"]
        await visitor.page.reload()
        await visitor.sees("Вы сказали: маргариту")
        assert await mine.all_inner_texts() == ["маргариту"]


async def test_a_file_goes_up_by_button_paste_and_drop_from_another_origin(shop, visit, tmp_path):
    cat = {"name": "кот.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + b"\0" * 50}
    big = {"name": "big.bin", "mimeType": "", "buffer": b"x" * 2001}
    async with shop(uploads=UploadFolder(tmp_path, 2000)) as here:
        person = await visit(here.url)
        await person.open()
        await person.sees("Чем помочь?")
        async with person.page.expect_file_chooser() as choosing:
            await person.button("Приложить файл, до 1,95 КБ").click()
        await (await choosing.value).set_files([cat])
        await person.page.get_by_text("кот.png").wait_for(timeout=5000)
        await person.sees("Вы сказали: None")
        [sent] = [one for one in here.reception.received if one.attachments]
        assert (sent.attachments[0].kind, sent.attachments[0].name) == ("image", "кот.png")
        for event, field in (("paste", "clipboardData"), ("drop", "dataTransfer")):
            await person.page.locator("textarea").evaluate(
                """(input, [event, field]) => {
                    const carried = new DataTransfer();
                    carried.items.add(new File(["text"], event + ".txt"));
                    const init = { bubbles: true, cancelable: true, composed: true, [field]: carried };
                    const made = event === "drop" ? new DragEvent(event, init) : new ClipboardEvent(event, init);
                    input.dispatchEvent(made);
                }""",
                [event, field],
            )
            await person.page.get_by_text(f"{event}.txt").wait_for(timeout=5000)
        await person.page.locator("input[type=file]").set_input_files([big])
        await person.page.get_by_text("слишком большой файл").wait_for(timeout=5000)
        while len([one for one in here.reception.received if one.attachments]) < 3:
            await asyncio.sleep(0.02)
        assert await person.axe() == []
        await person.page.reload()
        await person.page.get_by_text("кот.png").wait_for(timeout=5000)


async def test_without_uploads_there_is_no_button_for_files(shop, visit):
    async with shop() as here:
        person = await visit(here.url)
        await person.open()
        await person.sees("Чем помочь?")
        assert await person.page.locator(".attach").is_hidden()
