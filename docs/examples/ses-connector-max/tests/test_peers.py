"""Our MAX is worth something only if clients that know nothing of us take it for MAX: maxapi and aiomax."""

from __future__ import annotations

import asyncio
import io

import aiohttp
import aiomax
import maxapi
import pytest
from aiomax import buttons as aiobuttons
from aiomax.exceptions import IncorrectTextLength, UnknownErrorException
from maxapi.exceptions.max import InvalidToken
from maxapi.types import CallbackButton, LinkButton, MessageCallback, MessageCreated
from maxapi.types.updates.bot_started import BotStarted
from maxapi.utils.inline_keyboard import InlineKeyboardBuilder

from ses_connector_max.testing import BOT, TOKEN, MaxFake, running

ANNA = 1001


@pytest.fixture
async def fake():
    async with running(MaxFake()) as fake:
        yield fake


class TestMaxapi:
    @pytest.fixture
    async def bot(self, fake):
        bot = maxapi.Bot(TOKEN)
        bot.set_api_url(fake.url)
        yield bot
        await bot.close_session()

    async def test_it_knows_itself(self, bot):
        me = await bot.get_me()
        assert (me.user_id, me.username, me.is_bot) == (BOT["user_id"], "oven_bot", True)

    async def test_it_reads_starts_texts_and_presses_as_its_own_models(self, fake, bot):
        anna = fake.person(ANNA)
        await anna.start("promo")
        await anna.say("привет")
        board = InlineKeyboardBuilder().row(
            CallbackButton(text="Да", payload="y"), LinkButton(text="Сайт", url="https://x.example")
        )
        sent = await bot.send_message(
            user_id=ANNA, text="**Да?**", attachments=[board.as_markup()], format="markdown"
        )
        assert sent.message.body.mid == fake.to(ANNA)[0].mid
        await anna.press("y")
        page = await bot.get_updates(timeout=1)
        started, said, pressed = (
            model.model_validate(one)
            for model, one in zip((BotStarted, MessageCreated, MessageCallback), page["updates"], strict=True)
        )
        assert (started.payload, started.user.user_id) == ("promo", ANNA)
        assert (said.message.body.text, said.message.sender.user_id) == ("привет", ANNA)
        assert (pressed.callback.payload, pressed.callback.user.user_id) == ("y", ANNA)
        await bot.send_callback(pressed.callback.callback_id)
        assert fake.answered == [pressed.callback.callback_id]
        await bot.edit_message(sent.message.body.mid, text="Да!")
        assert fake.to(ANNA)[0].text == "Да!"

    async def test_a_wrong_token_is_known_for_one(self, fake, bot):
        fake.token = "another"
        with pytest.raises(InvalidToken):
            await bot.get_me()

    async def test_what_is_not_acknowledged_comes_again(self, fake, bot):
        await fake.person(ANNA).say("раз")
        first = await bot.get_updates(timeout=1)
        again = await bot.get_updates(timeout=1)
        assert first["updates"] == again["updates"]
        assert (await bot.get_updates(marker=again["marker"], timeout=0))["updates"] == []


class TestAiomax:
    @pytest.fixture
    async def bot(self, fake):
        bot = aiomax.Bot(TOKEN, api_url=fake.url + "/")
        async with aiohttp.ClientSession(bot.api_url, headers={"Authorization": TOKEN}) as session:
            bot.session = session
            yield bot

    async def test_it_sends_what_it_uploaded_and_waits_until_it_is_ready(self, fake, bot):
        image = await bot.upload_image(io.BytesIO(b"picture"))
        await bot.send_message("Меню", user_id=ANNA, attachments=[image])
        fake.unready["video"] = 1
        video = await bot.upload_video(io.BytesIO(b"film"))
        await bot.send_message("Фильм", user_id=ANNA, attachments=[video])
        assert [one.attachments[0]["type"] for one in fake.to(ANNA)] == ["image", "video"]
        assert [path for _, path, _, _ in fake.calls].count(
            "/messages"
        ) == 3  # it waited for the film by itself

    async def test_it_reads_and_presses_are_answered(self, fake, bot):
        board = aiobuttons.KeyboardBuilder()
        board.row(aiobuttons.CallbackButton("Да", "y"))
        await bot.send_message("Да?", user_id=ANNA, keyboard=board)
        done = asyncio.Event()

        @bot.on_button_callback("y")
        async def pressed(callback):
            # Its own `answer` knows one address only.
            await bot.post(
                "answers", params={"callback_id": callback.callback_id}, json={"notification": "Да"}
            )
            done.set()

        await fake.person(ANNA).press("y")
        for one in (await bot.get_updates())["updates"]:
            await bot.handle_update(one)
        async with asyncio.timeout(20):
            await done.wait()
        assert bot.marker == 1
        assert fake.answered == [fake.updates[0]["callback"]["callback_id"]]

    async def test_refusals_are_the_ones_it_knows(self, fake, bot):
        with pytest.raises(IncorrectTextLength):
            await bot.send_message("х" * 4001, user_id=ANNA)
        await fake.person(ANNA).stop()
        with pytest.raises(UnknownErrorException) as refused:
            await bot.send_message("эй", user_id=ANNA)
        assert refused.value.text == "chat.denied"
