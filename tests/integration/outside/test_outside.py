"""The real daemon with a page, a Telegram bot and a VK community: other systems write to people, people go on elsewhere."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiohttp import ClientError, ClientSession

from doubles.telegram import BOT, TOKEN, telegram
from doubles.vk import FakeVk, running
from doubles.web import pages

from ..daemon import Daemon

ORIGIN = "https://shop.example"
ROBOT = """
id: shop
language: ru
variables: {number: null, bonus: {value: 0, keep: user}}
slots:
  size: {type: text, ask: Какой размер?}
  street: {type: text, ask: Какая улица?}
texts: {ready: "Заказ {{ number }} готов."}
flows:
  order: {on: ["заказ"], steps: [{ask: size}, {ask: street}, {say: "{{ size }}, {{ street }}."}]}
  paid: {on: [{event: paid}], steps: [{say: "Оплачено {{ event.sum }} ₽."}]}
  earn: {on: ["бонус"], steps: [{set: {bonus: {add: 5}}}, {say: "Бонус {{ bonus }}."}]}
  call: {on: ["мой номер"], steps: [{say: Спасибо.}]}
events:
  start: [{say: Добрый день!}]
  fallback: [{say: Не понял.}]
  attachment: [{say: Записал.}]
"""
ASKED = "Продолжить здесь разговор, начатый на сайте?"


class Shop(Daemon):
    """A daemon with that robot on a site, in Telegram and in VK."""

    def __init__(self, folder, bot, vk):
        config = {
            "connectors": {
                "web": {
                    "site": {
                        "token": "T0ken", "robot": "shop", "origins": [ORIGIN], "elsewhere": ["telegram.shop", "vk.shop"],
                    }
                },
                "telegram": {"shop": {"token": TOKEN, "robot": "shop", "api": bot.url}},
                "vk": {"shop": {"token": vk.token, "robot": "shop", "group_id": vk.group_id, "api": vk.url}},
            },
        }  # fmt: skip
        super().__init__(folder, config, robots={"shop": ROBOT})

    async def up(self):
        async with asyncio.timeout(60):
            while (await self.connectors()).get("telegram.shop", {}).get("condition") != "connected":
                self.lives()
                await asyncio.sleep(0.05)

    async def connectors(self):
        try:
            answer = await self.call("GET", "/ses/connectors")
        except ClientError:
            return {}
        return {one["name"]: one for one in answer["connectors"]}

    async def delivered(self):
        """Return when all that was said has arrived, and that is noted."""
        async with asyncio.timeout(20):
            while any(one["queue"] for one in (await self.connectors()).values()):
                await asyncio.sleep(0.02)

    async def call(self, method, path, status=200, **body):
        async with (
            ClientSession() as http,
            http.request(method, self.api + path, json=body or None) as answer,
        ):
            data = await answer.json()
            assert answer.status == status, data
            return data

    async def until_log(self, event, **of):
        """Return when the event is in the log and answered."""
        async with asyncio.timeout(20):
            while True:
                lines = (await self.call("POST", "/ses/log", robot_id="shop", **of))["items"]
                if any(line.get("event") == event and line["turn"] is not None for line in lines):
                    return
                await asyncio.sleep(0.05)


@pytest.fixture
async def there(tmp_path):
    async with telegram() as bot, running(FakeVk(now=time.time)) as vk:
        daemon = Shop(tmp_path, bot, vk)
        try:
            await daemon.start()
            yield daemon, bot, vk
        finally:
            await daemon.end()


async def test_other_systems_write_to_people_in_their_messengers(there):
    daemon, bot, vk = there
    anna, stranger = bot.person(7), bot.person(8)
    anna.say("заказ")
    assert await bot.says(7, 1) == ["Какой размер?"]
    said = await daemon.call(
        "POST", "/ses/send", to={"user": "telegram:7"}, template="ready", variables={"number": 5}, id="a"
    )
    assert (said["connector"], said["session_id"]) == ("telegram.shop", "7")
    await daemon.call("POST", "/ses/event", user="telegram:7", event="paid", data={"sum": 590}, id="b")
    told = ["Какой размер?", "Заказ 5 готов.", "Оплачено 590 ₽.", "Вернёмся к нашему вопросу. Какой размер?"]
    assert await bot.says(7, 4) == told
    await daemon.delivered()
    await daemon.kill()
    await daemon.start()
    again = await daemon.call(
        "POST", "/ses/event", user="telegram:7", event="paid", data={"sum": 590}, id="b"
    )
    assert again["repeated"]
    await daemon.call("POST", "/ses/event", 409, user="telegram:7", event="paid", data={"sum": 591}, id="b")
    anna.say("большую")
    assert await bot.says(7, 5) == [*told, "Какая улица?"]

    bot.strangers.add(8)
    to = {"chat": 8, "connector": "telegram.shop"}
    assert "may not write" in (await daemon.call("POST", "/ses/send", 404, to=to, text="a"))["message"]
    bot.strangers.discard(8)
    await daemon.call("POST", "/ses/send", to={"user": "telegram:8"}, text="Давно не виделись!")
    assert await bot.says(8, 1) == ["Давно не виделись!"]
    stranger.say("заказ")
    assert (await bot.says(8, 2))[-1] == "Какой размер?"

    anna.send(contact={"phone_number": "79130001122", "first_name": "Аня", "user_id": 7})
    stranger.send(contact={"phone_number": "79130009999", "first_name": "Не он", "user_id": 7})
    await bot.says(8, 3)
    await daemon.call("POST", "/ses/send", to={"phone": "+7 913 000-11-22"}, text="Это вам, Аня.")
    assert (await bot.says(7, len(bot.to(7)) + 1))[-1] == "Это вам, Аня."
    await daemon.call("POST", "/ses/send", 404, to={"phone": "+79130009999"}, text="a")

    await vk.write(5, "заказ")
    assert await vk.said(5, 1) == ["Какой размер?"]
    await daemon.call("POST", "/ses/send", to={"user": "vk:5"}, text="Вам письмо.", buttons=["Спасибо"])
    assert (await vk.said(5, 2))[-1] == "Вам письмо."
    await vk.deny(5)
    await daemon.until_log("leave", session_id="5")
    await daemon.call("POST", "/ses/send", 410, to={"user": "vk:5"}, text="a")
    await daemon.call("POST", "/ses/send", 404, to={"user": "vk:6"}, text="a")


async def opened(http_page):
    """A page in which an order is under way."""
    page = http_page()
    await page.connect()
    for text in ("бонус", "заказ", "большую"):
        await page.ask(text)
    return page


async def link(page, to):
    await page.send(type="continue", id=f"to {to}", to=to)
    return (await page.until("elsewhere"))["url"]


async def shows(page, text):
    async with asyncio.timeout(20):
        while text not in [one["text"] for one in page.shown.values()]:
            await page.receive()


MOVED = "Разговор продолжается в мессенджере. Здесь можно начать новый."


async def test_a_visitor_goes_on_in_telegram_and_the_daemon_is_killed_after_his_yes(there):
    daemon, bot, _ = there
    anna = bot.person(7)
    async with pages(daemon.site, "site", "T0ken", origin=ORIGIN) as new_page:
        page = await opened(new_page)
        address = await link(page, "telegram.shop")
        name, _, token = address.removeprefix("https://t.me/").partition("?start=")
        assert name == BOT["username"]
        anna.say(f"/start {token}")
        assert await bot.says(7, 1) == [ASKED]
        anna.press(bot.to(7)[0], "Да")
        await bot.until(lambda: bool(bot.answered))  # it is on disk
        await daemon.kill()
        await daemon.start()
        assert await bot.says(7, 2) == [ASKED, "Продолжаем здесь. Какая улица?"]
        anna.say("Ленина")
        assert (await bot.says(7, 3))[-1] == "большую, Ленина."
        anna.say("бонус")
        assert (await bot.says(7, 4))[-1] == "Бонус 10."
        await page.connect()
        await shows(page, MOVED)
        assert [one["text"] for one in page.shown.values()].count(MOVED) == 1
        assert (await page.ask("заказ"))["text"] == "Какой размер?"
        bot.person(9).say(f"/start {token}")
        assert (await bot.says(9, 2))[0].startswith("Эта ссылка уже не действует")


async def test_a_visitor_goes_on_in_vk(there):
    daemon, _, vk = there
    async with pages(daemon.site, "site", "T0ken", origin=ORIGIN) as new_page:
        page = await opened(new_page)
        address = await link(page, "vk.shop")
        start, _, token = address.partition("?ref=")
        assert start == f"https://vk.me/club{vk.group_id}"
        await vk.write(5, "привет", ref=token)
        assert await vk.said(5, 2) == [ASKED, "Не понял."]
        await vk.press(5, "Да")
        assert (await vk.said(5, 3))[-1] == "Продолжаем здесь. Какая улица?"
        await shows(page, MOVED)
        await vk.write(5, "Ленина")
        assert (await vk.said(5, 4))[-1] == "большую, Ленина."
