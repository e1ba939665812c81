"""The chat page in a real Chromium: what a person does with it all day."""

from __future__ import annotations

import asyncio
import json

import pytest

from doubles.llm import said
from ses.llm.errors import EngineBusy

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TOKEN = "a-token-for-the-model"
CODE = "open sesame please"
MARKDOWN = """First words.

# Heading

1. one with **bold**
   - inner

```python
print("hello")
```

| a | b |
|--|--:|
| 1 | 2 |

[good](https://shop.example/) [bad](javascript:alert(1)) <img src=x onerror=alert(1)>"""


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


async def test_an_answer_streams_and_is_shown_as_markdown(serve, visit):
    async with serve() as daemon:
        daemon.answer[:] = [MARKDOWN]
        person = await visit(daemon.url)
        daemon.engine.gate.clear()
        await person.ask("How?")
        await person.page.locator(".turn.writing .prose", has_text="First").wait_for()
        assert await person.button("Stop").is_visible()
        daemon.engine.gate.set()
        await person.sees_whole("inner")
        answer = person.page.locator(".turn.assistant .prose")
        assert await answer.locator("h3").inner_text() == "Heading"
        assert await answer.locator("ol > li > ul > li").inner_text() == "inner"
        assert await answer.locator("pre code").inner_text() == 'print("hello")'
        assert await answer.locator("td.right").inner_text() == "2"
        assert [await link.get_attribute("href") for link in await answer.locator("a").all()] == [
            "https://shop.example/"
        ]
        assert await answer.locator("img, script").count() == 0
        assert "<img src=x onerror=alert(1)>" in await answer.inner_text()
        assert "tokens" in await person.page.locator(".turn .meta").inner_text()
        assert "of 4,096 tokens" in await person.page.locator(".context").inner_text()
        assert person.complaints == []


async def test_a_reader_who_scrolls_up_is_left_in_peace_until_he_comes_back(serve, visit):
    far = "(() => { const s = document.querySelector('.scroll'); return s.scrollHeight - s.scrollTop - s.clientHeight; })()"
    async with serve() as daemon:
        daemon.answer[:] = ["\n\n".join(f"Paragraph {number}" for number in range(60))]
        person = await visit(daemon.url)
        await person.ask("Long?")
        await person.sees_whole("Paragraph 59")
        assert await person.page.evaluate(far) < 48
        await person.page.locator("#message").fill("a\nb\nc\nd\ne\nf")  # the field takes room from the talk
        await person.page.wait_for_function(f"{far} < 48")
        daemon.engine.gate.clear()
        await person.ask("And more?")
        await person.page.locator(".turn.writing", has_text="Paragraph").wait_for()
        await person.page.locator(".scroll").hover()
        await person.page.mouse.wheel(0, -600)
        await person.button("To the end").wait_for()
        place = await person.page.evaluate("document.querySelector('.scroll').scrollTop")
        daemon.engine.gate.set()
        await person.page.locator(".turn.assistant:not(.writing)").nth(1).wait_for()
        assert await person.page.evaluate("document.querySelector('.scroll').scrollTop") <= place
        await person.button("To the end").click()
        await person.page.wait_for_function(f"{far} < 48")
        await person.button("To the end").wait_for(state="hidden")


async def test_stop_ends_the_answer_here_and_on_the_server(serve, visit):
    async with serve() as daemon:
        person = await visit(daemon.url)
        daemon.engine.gate.clear()
        await person.ask("Tell me everything")
        await person.sees("Hello")
        await person.page.keyboard.press("Escape")
        await person.is_told("You stopped the answer.")
        await until(lambda: daemon.engine.running == 0)
        assert await person.turns() == ["Tell me everything", "Hello"]
        daemon.engine.gate.set()
        await person.ask("Go on")
        await person.sees_whole("Hello there, friend.")
        assert [message["content"] for message in daemon.engine.asked[-1].messages] == [
            "Tell me everything",
            "Hello",
            "Go on",
        ]


async def test_two_dialogues_go_on_at_once(serve, visit):
    async with serve() as daemon:
        person = await visit(daemon.url)
        daemon.engine.gate.clear()
        await person.ask("First")
        await person.sees("Hello")
        await person.button("New dialogue").click()
        await person.ask("Second")
        await person.sees("Hello")
        assert await person.dialogues() == ["Second", "First"]
        assert await person.page.locator(".list .busy").count() == 2
        daemon.engine.gate.set()
        await person.sees_whole("Hello there, friend.")
        await person.button("First").click()
        await person.sees_whole("Hello there, friend.")
        assert await person.turns() == ["First", "Hello there, friend."]


async def test_a_dialogue_is_named_deleted_and_brought_back(serve, visit):
    async with serve() as daemon:
        person = await visit(daemon.url)
        await person.ask("Orders")
        await person.sees_whole("Hello there, friend.")
        await person.button("Rename: Orders").click()
        await person.page.get_by_label("Title").fill("Orders of May")
        await person.page.keyboard.press("Enter")
        assert await person.dialogues() == ["Orders of May"]
        await person.button("Delete: Orders of May").click()
        assert await person.dialogues() == []
        await person.button("Undo").click()
        assert await person.turns() == ["Orders", "Hello there, friend."]
        await person.page.reload()
        await person.sees_whole("Hello there, friend.")
        await person.page.get_by_label("Search dialogues").fill("friend nothing")
        await person.page.get_by_text("Nothing found").wait_for()
        await person.page.get_by_label("Search dialogues").fill("FRIEND may")
        assert await person.dialogues() == ["Orders of May"]


async def test_a_reload_in_mid_answer_loses_nothing_that_was_seen(serve, visit):
    async with serve() as daemon:
        person = await visit(daemon.url)
        daemon.engine.gate.clear()
        await person.ask("How are you?")
        await person.sees("Hello")
        await person.page.locator("#message").fill("a draft")
        await person.page.reload()
        await person.is_told("The answer broke off.")
        await until(lambda: daemon.engine.running == 0)
        assert await person.turns() == ["How are you?", "Hello"]
        assert await person.page.locator("#message").input_value() == "a draft"
        daemon.engine.gate.set()
        await person.button("Try again").click()
        await person.sees_whole("Hello there, friend.")


async def test_versions_of_questions_and_answers(serve, visit):
    async with serve() as daemon:
        person = await visit(daemon.url)
        await person.ask("Red?")
        await person.sees_whole("Hello there, friend.")
        daemon.answer[:] = ["Another."]
        await person.button("Answer again").click()
        await person.sees_whole("Another.")
        await person.page.get_by_role("group", name="Version 2 of 2").wait_for()
        await person.button("Earlier version").click()
        await person.sees_whole("Hello there, friend.")
        assert await person.turns() == ["Red?", "Hello there, friend."]
        daemon.answer[:] = ["Blue indeed."]
        await person.page.locator(".turn.user").hover()
        await person.button("Edit").click()
        await person.page.get_by_role("textbox", name="Edit").fill("Blue?")
        await person.page.keyboard.press("Enter")
        await person.sees_whole("Blue indeed.")
        assert await person.turns() == ["Blue?", "Blue indeed."]
        assert [message["content"] for message in daemon.engine.asked[-1].messages] == ["Blue?"]
        await person.button("Earlier version").click()
        await person.sees_whole("Another.")
        assert await person.turns() == ["Red?", "Another."]


async def test_model_prompt_and_parameters_are_sent_and_kept(serve, visit):
    async with serve({"chat": {"models": "-all,+test=Cotype Pro 2", "default": "test"}}) as daemon:
        person = await visit(daemon.url)
        assert await person.page.locator("#model option").all_inner_texts() == ["Cotype Pro 2"]
        await person.button("Settings").click()
        await person.page.get_by_label("System prompt").fill("Answer in rhyme.")
        await person.page.get_by_label("Temperature").fill("0,3")
        await person.page.get_by_label("Top P").fill("7")
        assert await person.page.get_by_label("Top P").get_attribute("aria-invalid") == "true"
        await person.page.get_by_label("Longest answer, tokens").fill("50")
        await person.page.get_by_label("Seed").fill("42")
        await person.page.get_by_label("Stop at").fill("END\nSTOP")
        await person.button("Use for new dialogues").click()
        await person.button("Close").click()
        for _ in range(2):
            await person.ask("Hi")
            await person.sees_whole("Hello there, friend.")
            request = daemon.engine.asked[-1]
            assert request.messages[0] == {"role": "system", "content": "Answer in rhyme."}
            assert (request.temperature, request.top_p, request.max_tokens) == (0.3, None, 50)
            assert (request.seed, request.stop) == (42, ("END", "STOP"))
            await person.button("New dialogue").click()


async def test_errors_are_told_in_plain_words_and_can_be_tried_again(serve, visit):
    async with serve() as daemon:
        person = await visit(daemon.url)
        daemon.answer[:] = [EngineBusy("too many", retry_after=7)]
        await person.ask("Hi")
        await person.is_told("The model is busy or still starting. Try again in 7 s.")
        daemon.answer[:] = [said("As long as", finish_reason="length")]
        await person.button("Try again").click()
        await person.is_told("The answer is as long as max_tokens allows.")
        assert await person.turns() == ["Hi", "As long as"]
        await person.page.context.set_offline(offline=True)
        await person.ask("And now?")
        await person.is_told("The server cannot be reached. Check the connection.")
        await person.page.context.set_offline(offline=False)
        daemon.answer[:] = ["Back."]
        await person.button("Try again").click()
        await person.sees_whole("Back.")


async def test_an_answer_and_its_code_are_copied_and_a_dialogue_is_exported(serve, visit):
    async with serve() as daemon:
        daemon.answer[:] = [MARKDOWN]
        person = await visit(daemon.url, permissions=["clipboard-read", "clipboard-write"])
        await person.ask("How?")
        await person.sees_whole("inner")
        await person.page.locator("figure").get_by_role("button", name="Copy").click()
        await person.page.locator("figure").get_by_text("Copied").wait_for()
        assert await person.page.evaluate("navigator.clipboard.readText()") == 'print("hello")'
        await person.page.locator(".turn.assistant .tools").get_by_role("button", name="Copy").click()
        await person.button("Copied").first.wait_for()
        assert await person.page.evaluate("navigator.clipboard.readText()") == MARKDOWN
        async with person.page.expect_download() as saving:
            await person.button("Export: Markdown").click()
        saved = await saving.value
        assert saved.suggested_filename == "How.md"
        assert (await saved.path()).read_text().endswith(f"## test\n\n{MARKDOWN}\n")
        await person.button("Settings").click()
        async with person.page.expect_download() as saving:
            await person.button("As JSON").click()
        told = json.loads((await (await saving.value).path()).read_text())
        assert [turn["text"] for turn in told["turns"]] == ["How?", MARKDOWN]


async def test_a_second_tab_sees_what_the_first_one_does(serve, visit):
    async with serve() as daemon:
        person = await visit(daemon.url)
        other = await visit(daemon.url, context=person.page.context)
        await person.ask("From the first tab")
        await person.sees_whole("Hello there, friend.")
        await other.page.locator(".list .open", has_text="From the first tab").click()
        await other.sees_whole("Hello there, friend.")


async def test_the_language_and_the_appearance_are_chosen_in_the_page(serve, visit):
    async with serve() as daemon:
        person = await visit(daemon.url, color_scheme="light")
        background = "getComputedStyle(document.body).backgroundColor"
        light = await person.page.evaluate(background)
        await person.button("Settings").click()
        await person.page.get_by_label("Appearance").select_option("dark")
        assert await person.page.evaluate(background) != light
        await person.page.get_by_label("Language").select_option("ru")
        await person.page.get_by_role("heading", name="Настройки").wait_for()
        await person.page.reload()
        await person.button("Новый диалог").wait_for()
        assert await person.page.evaluate("document.documentElement.lang") == "ru"
        assert await person.page.evaluate(background) != light


async def test_by_keyboard_alone(serve, visit):
    async with serve({"token": TOKEN}) as daemon:
        person = await visit(daemon.url, ready="#secret")
        keys = person.page.keyboard

        async def tab_to(name: str) -> None:
            for _ in range(40):
                await keys.press("Tab")
                focused = await person.page.evaluate(
                    "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
                )
                if focused == name:
                    return
            raise AssertionError(f"no Tab leads to {name}")

        await keys.press("Escape")
        await keys.press("Escape")
        await person.page.locator("#secret:focus").wait_for()
        await keys.type(TOKEN)
        await keys.press("Enter")
        await person.page.locator("#message").wait_for()
        await keys.type("Line one")
        await keys.press("Shift+Enter")
        await keys.type("line two")
        await keys.press("Enter")
        await person.sees_whole("Hello there, friend.")
        assert (await person.turns())[0] == "Line one\nline two"
        await keys.press("ArrowUp")
        await person.page.locator(".editor textarea").wait_for()
        await keys.press("Escape")
        await tab_to("Answer again")
        await keys.press("Enter")
        await person.page.get_by_role("group", name="Version 2 of 2").wait_for()
        await tab_to("Settings")
        await keys.press("Enter")
        await person.page.get_by_role("heading", name="Settings").wait_for()
        await keys.press("Escape")
        await tab_to("New dialogue")
        await keys.press("Enter")
        await person.page.locator(".hello").wait_for()
        assert await person.page.evaluate("document.activeElement.id") == "message"


async def test_a_screen_reader_is_told_that_an_answer_begins_and_what_it_was(serve, visit):
    async with serve() as daemon:
        person = await visit(daemon.url)
        told = person.page.locator("p.hidden[role=status]")
        daemon.engine.gate.clear()
        await person.ask("Hi")
        await person.sees("Hello")
        assert await told.text_content() == "The answer is being written"
        daemon.engine.gate.set()
        await person.sees_whole("Hello there, friend.")
        assert await told.text_content() == "Answer: Hello there, friend."


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 380)])
async def test_axe_finds_nothing(serve, visit, scheme, width):
    async with serve({"token": TOKEN, "chat": {"code": CODE}}) as daemon:
        look = {"color_scheme": scheme, "viewport": {"width": width, "height": 760}}
        person = await visit(daemon.url, ready="#secret", **look)
        assert await person.axe() == []
        await person.page.locator("#secret").fill(CODE)
        await person.page.keyboard.press("Enter")
        await person.page.locator(".hello").wait_for()
        assert await person.axe() == []
        daemon.answer[:] = [MARKDOWN]
        await person.ask("How?")
        await person.sees_whole("inner")
        daemon.answer[:] = [EngineBusy("too many", retry_after=7)]
        await person.ask("Again?")
        await person.button("Try again").wait_for()
        assert await person.axe() == []
        await person.button("Settings").click()
        assert await person.axe() == []
        await person.page.keyboard.press("Escape")
        if width < 700:
            assert not await person.page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
            await person.button("Show dialogues").click()
            assert await person.axe() == []
