"""The fake of the Bot API is accepted by two unrelated clients: python-telegram-bot with its own HTTP, and aiogram."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest

from doubles.telegram import TOKEN, Fault, telegram


class Ptb:
    """python-telegram-bot, over httpx."""

    @asynccontextmanager
    async def running(self, fake):
        from telegram import Bot
        from telegram.request import HTTPXRequest

        # By default it has one connection for news, and this test asks twice at once.
        news = HTTPXRequest(connection_pool_size=4)
        base, files = f"{fake.url}/bot", f"{fake.url}/file/bot"
        async with Bot(TOKEN, base_url=base, base_file_url=files, get_updates_request=news) as self.bot:
            yield self

    async def me(self):
        return (await self.bot.get_me()).username

    async def updates(self, offset=None, seconds=0):
        return await self.bot.get_updates(offset=offset, timeout=seconds)

    async def send(self, chat, text):
        from telegram import InlineKeyboardButton, InlineKeyboardMarkup

        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Да", callback_data="1")]])
        return await self.bot.send_message(chat, text, reply_markup=keyboard)

    async def edit(self, message, text):
        return await self.bot.edit_message_text(text, chat_id=message.chat.id, message_id=message.message_id)

    async def photo(self, chat, content):
        return await self.bot.send_photo(chat, content, caption="вот")

    async def album(self, chat, contents):
        from telegram import InputMediaPhoto

        return await self.bot.send_media_group(chat, [InputMediaPhoto(content) for content in contents])

    async def answer(self, query):
        return await self.bot.answer_callback_query(query.id, "да")

    async def fetch(self, file_id):
        return bytes(await (await self.bot.get_file(file_id)).download_as_bytearray())

    async def hook(self, url):
        return await self.bot.set_webhook(url, secret_token="s")

    async def hooked(self):
        return (await self.bot.get_webhook_info()).url

    async def draft(self, chat, text):
        return await self.bot.send_message_draft(chat, 5, text)

    @property
    def errors(self):
        from telegram.error import BadRequest, Conflict, Forbidden, NetworkError, RetryAfter

        return {400: BadRequest, 403: Forbidden, 409: Conflict, 429: RetryAfter, 500: NetworkError}


class Aiogram:
    """aiogram, over aiohttp."""

    @asynccontextmanager
    async def running(self, fake):
        from aiogram import Bot
        from aiogram.client.session.aiohttp import AiohttpSession
        from aiogram.client.telegram import TelegramAPIServer

        server = TelegramAPIServer(
            base=f"{fake.url}/bot{{token}}/{{method}}", file=f"{fake.url}/file/bot{{token}}/{{path}}"
        )
        async with Bot(TOKEN, session=AiohttpSession(api=server)) as self.bot:
            yield self

    async def me(self):
        return (await self.bot.get_me()).username

    async def updates(self, offset=None, seconds=0):
        return await self.bot.get_updates(offset=offset, timeout=seconds)

    async def send(self, chat, text):
        from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

        keyboard = InlineKeyboardMarkup(
            inline_keyboard=[[InlineKeyboardButton(text="Да", callback_data="1")]]
        )
        return await self.bot.send_message(chat, text, reply_markup=keyboard)

    async def edit(self, message, text):
        return await self.bot.edit_message_text(text, chat_id=message.chat.id, message_id=message.message_id)

    async def photo(self, chat, content):
        from aiogram.types import BufferedInputFile

        return await self.bot.send_photo(chat, BufferedInputFile(content, "pizza.jpg"), caption="вот")

    async def album(self, chat, contents):
        from aiogram.types import BufferedInputFile, InputMediaPhoto

        media: list[Any] = [
            InputMediaPhoto(media=BufferedInputFile(content, "pizza.jpg")) for content in contents
        ]
        return await self.bot.send_media_group(chat, media)

    async def answer(self, query):
        return await self.bot.answer_callback_query(query.id, text="да")

    async def fetch(self, file_id):
        file = await self.bot.download(file_id)
        assert file is not None
        return file.read()

    async def hook(self, url):
        return await self.bot.set_webhook(url, secret_token="s")

    async def hooked(self):
        return (await self.bot.get_webhook_info()).url

    async def draft(self, chat, text):
        return await self.bot.send_message_draft(chat_id=chat, draft_id=5, text=text)

    @property
    def errors(self):
        from aiogram.exceptions import (
            TelegramBadRequest,
            TelegramConflictError,
            TelegramForbiddenError,
            TelegramRetryAfter,
            TelegramServerError,
        )

        return {
            400: TelegramBadRequest,
            403: TelegramForbiddenError,
            409: TelegramConflictError,
            429: TelegramRetryAfter,
            500: TelegramServerError,
        }


@pytest.fixture
async def fake():
    async with telegram() as fake:
        yield fake


@pytest.fixture(params=[Ptb, Aiogram])
async def client(request, fake):
    async with request.param().running(fake) as client:
        yield client


async def test_updates_come_once_they_are_asked_for_and_go_when_confirmed(client, fake):
    assert await client.me() == "pizza_bot"
    person = fake.person(7)
    person.say("/start abc")
    person.photo("p1", caption="вот")
    person.send(voice=person.file("v1", duration=2))
    person.send(location={"latitude": 1.0, "longitude": 2.0})
    person.send(contact={"phone_number": "7", "first_name": "Аня"})
    fake.member(-5, 8).say("в группе")
    person.block()
    updates = await client.updates()
    assert [bool(one.message) for one in updates] == [True] * 6 + [False]
    assert updates[0].message.text == "/start abc"
    assert updates[1].message.photo[0].file_id == "p1"
    assert updates[5].message.chat.type == "supergroup"
    assert updates[6].my_chat_member.new_chat_member.status == "kicked"
    assert len(await client.updates()) == 7
    assert not await client.updates(updates[-1].update_id + 1)


async def test_messages_are_sent_edited_pressed_and_answered(client, fake):
    message = await client.send(7, "Точно?")
    fake.person(7).press(fake.to(7)[0], "Да")
    (update,) = await client.updates()
    assert update.callback_query.data == "1"
    assert update.callback_query.message.message_id == message.message_id
    assert await client.answer(update.callback_query)
    await client.edit(message, "Точно!")
    assert fake.to(7)[0].text == "Точно!"
    with pytest.raises(client.errors[400], match="not modified"):
        await client.edit(message, "Точно!")
    assert await client.draft(7, "печ")
    assert fake.drafts == [(7, 5, "печ")]


async def test_files_go_up_and_down(client, fake):
    message = await client.photo(7, b"jpeg")
    assert await client.fetch(message.photo[-1].file_id) == b"jpeg"
    album = await client.album(7, [b"a", b"b"])
    assert len({one.media_group_id for one in album}) == 1
    assert [fake.files[one.photo[-1].file_id] for one in album] == [b"a", b"b"]


async def test_refusals_are_understood(client, fake):
    with pytest.raises(client.errors[400], match="too long"):
        await client.send(7, "а" * 5000)
    with pytest.raises(client.errors[400], match="empty"):
        await client.send(7, " ")
    fake.person(7).block()
    with pytest.raises(client.errors[403], match="blocked"):
        await client.send(7, "эй")
    fake.faults.append(Fault("sendMessage", status=429, retry_after=9))
    with pytest.raises(client.errors[429]):
        await client.send(8, "эй")
    fake.faults.append(Fault("sendMessage", status=500))
    with pytest.raises(client.errors[500]):
        await client.send(8, "эй")


async def test_one_bot_has_one_poller_and_no_webhook_beside_it(client, fake):
    first = asyncio.create_task(client.updates(seconds=30))
    while not fake._poll:
        await asyncio.sleep(0.01)
    await client.updates()
    with pytest.raises(client.errors[409], match="other getUpdates"):
        await first
    assert await client.hook("http://127.0.0.1:9/hook")
    assert await client.hooked() == "http://127.0.0.1:9/hook"
    with pytest.raises(client.errors[409], match="webhook"):
        await client.updates()
