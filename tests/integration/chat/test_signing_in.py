"""The ways into the chat page, in a real Chromium."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TOKEN = "a-token-for-the-model"
CODE = "open sesame please"


async def enter(person, *texts: str) -> None:
    for field, text in zip(await person.page.locator(".signin input[required]").all(), texts, strict=True):
        await field.fill(text)
    await person.page.keyboard.press("Enter")


async def test_a_wrong_token_is_told_and_the_right_one_stays(serve, visit):
    async with serve({"token": TOKEN}) as daemon:
        person = await visit(daemon.url, ready="#secret")
        await enter(person, "wrong")
        await person.page.get_by_text("There is no such token, or it is not valid any more.").wait_for()
        await enter(person, TOKEN)
        await person.ask("Hi")
        await person.sees_whole("Hello there, friend.")
        await person.page.reload()
        await person.sees_whole("Hello there, friend.")
        await person.button("Settings").click()
        await person.button("Sign out").click()
        await person.page.get_by_label("Delete the dialogues too").check()
        await person.page.locator("dialog.card").get_by_role("button", name="Sign out").click()
        await person.page.locator("#secret").wait_for()
        assert TOKEN not in await person.page.evaluate(
            "JSON.stringify([{...localStorage}, {...sessionStorage}])"
        )
        await enter(person, TOKEN)
        await person.page.locator(".hello").wait_for()
        assert await person.dialogues() == []


async def test_a_token_may_end_with_the_tab(serve, visit):
    async with serve({"token": TOKEN}) as daemon:
        person = await visit(daemon.url, ready="#secret")
        await person.page.get_by_label("Stay signed in on this device").uncheck()
        await enter(person, TOKEN)
        await person.page.locator("#message").wait_for()
        await person.page.reload()
        await person.page.locator("#message").wait_for()
        await visit(daemon.url, context=person.page.context, ready="#secret")


async def test_the_code_opens_a_session_and_no_key_reaches_the_page(serve, visit):
    async with serve({"token": TOKEN, "chat": {"code": CODE, "key": TOKEN}}) as daemon:
        person = await visit(daemon.url, ready="#secret")
        await enter(person, "wrong code")
        await person.page.get_by_text("This is not the code.").wait_for()
        await enter(person, CODE)
        await person.ask("Hi")
        await person.sees_whole("Hello there, friend.")
        for path in ("/chat", "/chat/settings", "/chat/v1/models"):
            answer = await person.page.context.request.get(daemon.url + path)
            assert answer.status == 200
            assert TOKEN not in await answer.text()
        kept = "document.cookie + JSON.stringify([{...localStorage}, {...sessionStorage}])"
        assert TOKEN not in await person.page.evaluate(kept)
        [cookie] = await person.page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/chat")
        await person.page.reload()
        await person.sees_whole("Hello there, friend.")
        await person.button("Settings").click()
        await person.button("Sign out").click()
        await person.page.locator("dialog.card").get_by_role("button", name="Sign out").click()
        await person.page.locator("#secret").wait_for()
        assert await person.page.context.cookies() == []


async def test_a_user_signs_in_with_his_password_and_a_disabled_one_is_asked_again(serve, visit, tmp_path):
    async with serve({"users": {"url": f"sqlite:///{tmp_path}/users.db"}}) as daemon:
        await daemon.ledger.users.create("ann@example.ru", "her password", days=30, privileged=False)
        person = await visit(daemon.url, ready="#email")
        await enter(person, "ann@example.ru", "not hers")
        await person.page.get_by_text("E-mail and password do not fit together.").wait_for()
        await enter(person, "ann@example.ru", "her password")
        await person.ask("Hi")
        await person.sees_whole("Hello there, friend.")
        await daemon.ledger.users.disable(email="ann@example.ru")
        await person.ask("Still there?")
        await person.is_told("Your sign-in is no longer valid.")
        await person.page.locator(".signin #email").wait_for()
        await person.page.keyboard.press("Escape")
        assert await person.turns() == ["Hi", "Hello there, friend.", "Still there?", ""]


async def test_without_a_model_the_page_says_what_to_configure(serve, visit):
    async with serve(llm=None) as daemon:
        person = await visit(daemon.url, ready="h1")
        assert await person.page.locator("h1").inner_text() == "No language model is configured"
        assert "gateway.chat.url" in await person.page.locator("p").inner_text()
        assert person.complaints == []


async def test_a_model_elsewhere_is_reached_with_the_key_that_the_server_keeps(serve, visit):
    async with serve({"token": TOKEN}) as elsewhere:
        chat = {"url": elsewhere.url, "key": TOKEN, "code": CODE, "models": "-all,+test=Far away"}
        async with serve({"chat": chat}, llm=None) as daemon:
            person = await visit(daemon.url, ready="#secret")
            await enter(person, CODE)
            await person.ask("Hi")
            await person.sees_whole("Hello there, friend.")
            assert await person.page.locator("#model option").all_inner_texts() == ["Far away"]
            elsewhere.engine.gate.clear()
            await person.ask("More")
            await person.page.locator(".turn.writing", has_text="Hello").wait_for()
            await person.button("Stop").click()
            await person.is_told("You stopped the answer.")
            while elsewhere.engine.running:
                await person.page.evaluate("0")


async def test_on_plain_http_in_the_companys_network_everything_but_locks_works(serve, visit):
    async with serve({"token": TOKEN}) as daemon:
        daemon.answer[:] = ["See `this`:\n```\ncode\n```"]
        person = await visit(daemon.url.replace("127.0.0.1", "chat.example"), ready="#secret")
        assert not await person.page.evaluate("isSecureContext")
        await enter(person, TOKEN)
        await person.ask("Hi")
        await person.sees_whole("code")
        await person.page.locator("figure").get_by_role("button", name="Copy").click()
        await person.page.locator("figure").get_by_text("Copied").wait_for()
        await person.page.reload()
        await person.sees_whole("code")
        assert person.complaints == []
