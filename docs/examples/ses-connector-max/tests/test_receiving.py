"""How a bot gets its updates, and how it tells what is wrong."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from pydantic import ValidationError

from ses.connectors.testing import MemoryReception
from ses_connector_max import KIND
from ses_connector_max.testing import Fault, MaxFake, running


async def until(holds):
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0)


async def test_after_a_death_reading_goes_on_at_the_noted_marker(make):
    reception = MemoryReception()
    async with running(MaxFake()) as fake:
        anna = fake.person(1001)
        for text in ("раз", "два"):
            bot = make(fake)
            reception.serve(bot)
            await bot.start(reception)
            await anna.say(text)
            await fake.until(lambda: fake.committed == len(fake.updates))
            await bot.stop()
        assert [one.text for one in reception.received] == ["раз", "два"]
        assert await reception.recall("max.shop", "marker") == "2"


async def test_an_update_that_is_not_understood_spoils_no_other(max_side):
    await max_side.fake.happen({"update_type": "message_created", "message": 5})
    await max_side.fake.person(1001).say("привет")
    assert await max_side.fake.says(1001, 1) == ["echo привет"]
    assert max_side.connector.state().errors == 1


async def test_a_wrong_token_is_refused_with_the_remedy(make):
    async with running(MaxFake("another")) as fake:
        bot = make(fake)
        await bot.start(MemoryReception())
        await until(lambda: bot.state().condition != "connecting")
        state = bot.state()
        await bot.stop()
    assert state.condition == "refused"
    assert "connectors.max.shop.token" in state.problem


async def test_a_bot_comes_back_when_max_does(max_side):
    fake = max_side.fake
    fake.faults = [Fault("/updates", 500, times=2), Fault("/me", 502)]
    await fake.person(1001).say("есть кто?")
    assert await fake.says(1001, 1) == ["echo есть кто?"]
    await until(lambda: max_side.connector.state().condition == "connected")
    assert max_side.connector.state().errors >= 3


async def test_who_polls_first_ends_the_webhook_that_was_there(make):
    async with running(MaxFake()) as fake:
        fake.subscriptions = [{"url": "https://old.example/hook"}]
        bot = make(fake)
        await bot.start(MemoryReception())
        await fake.until(lambda: not fake.subscriptions and fake.polls > 0)
        await bot.stop()


async def test_only_max_itself_is_heard_at_the_webhook(make):
    async with running(MaxFake()) as fake:
        hook = {"mode": "webhook", "webhook_url": "http://127.0.0.1:1", "secret": "s3cret-5"}
        bot = make(fake, **hook)
        assert (
            await bot.webhook({"X-Max-Bot-Api-Secret": "s3cret-5"}, b"{}")
        ).status == 503  # it begins only
        await bot.start(MemoryReception())
        await fake.until(lambda: bool(fake.subscriptions))
        for headers in ({}, {"X-Max-Bot-Api-Secret": ""}, {"X-Max-Bot-Api-Secret": "s3cret-6"}):
            assert (await bot.webhook(headers, b"{}")).status == 403
        assert (
            await bot.webhook({"X-Max-Bot-Api-Secret": "s3cret-5"}, b"{")
        ).status == 200  # it would come for ever
        assert fake.subscriptions[0]["secret"] == "s3cret-5"
        await bot.stop()
        polling = make(fake)
        assert (await polling.webhook({"X-Max-Bot-Api-Secret": ""}, b"{}")).status == 403


async def test_a_press_is_answered_when_it_is_stored(max_side):
    anna = max_side.fake.person(1001)
    person = await max_side.person()
    await person.say("привет")
    await max_side.fake.says(1001, 1)
    await max_side.reception.say(person.conversation, _asking(), "9/1")
    await anna.press("9.0.1")
    await max_side.fake.until(lambda: len(max_side.fake.answered) == 1)
    assert max_side.reception.received[-1].button == "9.0.1"


async def test_typing_is_shown_in_the_dialogue(max_side):
    person = await max_side.person()
    await person.acknowledged(await person.say("привет"))
    max_side.connector.typing(person.conversation, on=True)
    await max_side.fake.until(
        lambda: any(path == "/chats/5001001/actions" for _, path, _, _ in max_side.fake.calls)
    )
    max_side.connector.typing(person.conversation, on=False)


async def test_the_first_inbound_of_a_conversation_brings_the_connectors_variables(side_over):
    async with side_over(MemoryReception(), variables={"shop": "north"}) as side:
        person = await side.person()
        for text in ("раз", "два"):
            await person.acknowledged(await person.say(text))
        assert [one.variables for one in side.reception.received] == [{"shop": "north"}, {}]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"mode": "webhook"}, "needs `webhook_url` and `secret`"),
        ({"mode": "webhook", "webhook_url": "http://shop.example", "secret": "a-secret"}, "must begin with https://"),
        ({"secret": "abc"}, "must be 5 to 256 of the signs"),
        ({"ca": "/no/such.pem"}, "there is no file /no/such.pem"),
        ({"tokn": "x"}, "Extra inputs"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(given, told):
    with pytest.raises(ValidationError, match=told):
        KIND.settings.model_validate({"token": "t", "robot": "echo", **given})


async def test_what_is_no_answer_of_max_is_no_death(make):
    async def nonsense(request):
        return aiohttp.web.Response(text="<html>a proxy</html>")

    app = aiohttp.web.Application()
    app.add_routes([aiohttp.web.get("/{anything}", nonsense)])
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    fake = MaxFake()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    bot = make(fake)
    await bot.start(MemoryReception())
    await until(lambda: bot.state().errors >= 3)
    assert bot.state().condition == "failing"
    await bot.stop()
    await runner.cleanup()


def _asking():
    from ses.messages import Button, Outgoing

    return Outgoing(id="", seq=0, text="Да?", buttons=(Button("Да", "9.0.1"),))
