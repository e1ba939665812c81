"""A text that grows in a group: one message, edited; its number is on disk before anything stands in it."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from doubles.telegram import TOKEN, Fault
from ses.clock import SystemClock
from ses.connectors.telegram.config import Settings
from ses.connectors.telegram.connector import TelegramConnector
from ses.connectors.testing import MemoryReception
from ses.messages import Attachment, Button, Conversation, Delta, Outgoing

GROUP = -100200
SESSION = f"{GROUP}:7"
CONVERSATION = Conversation("telegram.shop", SESSION)


class Ticks(SystemClock):
    """The pauses of a connector: noted, and hardly kept, except long ones."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.sleep(0.01 if seconds < 59 else seconds)


class Bot:
    def __init__(self, fake, reception=None):
        self.ticks = Ticks()
        self.reception = reception or MemoryReception(lambda _inbound: ())
        self.connector = TelegramConnector(
            Settings("shop", "echo", TOKEN, poll=1, api=fake.url), clock=self.ticks
        )

    async def start(self):
        await self.connector.start(self.reception)
        while self.connector.state().condition != "connected":
            await asyncio.sleep(0.005)
        return self

    def stream(self, at, text, *, attempt=1, id="2/1"):
        self.connector.stream(CONVERSATION, Delta(id=f"{SESSION}/{id}", attempt=attempt, at=at, text=text))

    async def say(self, text, *, id="2/1", **more):
        await self.connector.deliver(CONVERSATION, Outgoing(id=f"{SESSION}/{id}", seq=1, text=text, **more))

    async def noted(self):
        return json.loads(await self.reception.recall("telegram.shop", "placeholders") or "{}")


@pytest.fixture
async def bots(fake):
    """`await bots()`: a running bot; over the reception of another one it is its restart."""
    made = []

    async def bots(reception=None):
        made.append(Bot(fake, reception))
        return await made[-1].start()

    yield bots
    for bot in made:
        await bot.connector.stop()


def group(fake):
    return fake.to(GROUP)


def history(sent):
    """Every state of a message that its reader saw."""
    return [edit["text"] for edit in sent.edits] + [sent.text]


async def test_a_text_grows_in_one_message_and_becomes_the_answer(bots, fake):
    bot = await bots()
    bot.stream(0, "Сырный ")
    await fake.until(lambda: [one.text for one in group(fake)] == ["Сырный "])
    bot.stream(7, "борт?")
    await fake.until(lambda: group(fake)[0].text == "Сырный борт?")
    await bot.say("Сырный борт?", buttons=(Button("Да", "1.1.0"),))
    (sent,) = group(fake)
    assert history(sent)[0] == "…"
    assert (sent.text, [button["text"] for button in sent.buttons]) == ("Сырный борт?", ["Да"])
    assert await bot.noted() == {}
    assert not fake.drafts


async def test_the_message_is_on_disk_before_anything_stands_in_it(bots, fake):
    bot = await bots()
    seen = []
    remember = bot.reception.remember

    async def remembered(connector, name, value):
        seen.append([history(one) for one in group(fake)])
        await remember(connector, name, value)

    bot.reception.remember = remembered
    bot.stream(0, "Текст")
    await fake.until(lambda: any(one.text == "Текст" for one in group(fake)))
    assert seen == [[["…"]]]
    assert (await bot.noted())[SESSION]["number"] == group(fake)[0].id


async def test_states_come_once_a_second_at_most_and_leave_room_for_messages(bots, fake):
    bot = await bots()
    begun, number = time.monotonic(), 0
    while bot.ticks.asked.count(1.0) < 40:
        bot.stream(number, "а")
        number += 1
        await asyncio.sleep(0.01)
    shown = sum(method in ("sendMessage", "editMessageText") for method, _ in fake.calls)
    assert min(pause for pause in bot.ticks.asked if pause < 59) == 1.0
    assert (
        3 <= shown <= 8 + (time.monotonic() - begun) / 3
    )  # of ten at once two are left, and one comes each three seconds
    await bot.say("б" * 60)
    assert [one.text for one in group(fake)] == ["б" * 60]


async def test_the_same_text_again_is_no_error(bots, fake):
    bot = await bots()
    bot.stream(0, "Готово")
    await fake.until(lambda: any(one.text == "Готово" for one in group(fake)))
    await bot.say("Готово")
    assert [one.text for one in group(fake)] == ["Готово"]
    assert bot.connector.state().errors == 0


async def test_a_short_answer_comes_whole(bots, fake):
    bot = await bots()
    bot.stream(0, "Да")
    await bot.say("Да")
    assert [history(one) for one in group(fake)] == [["Да"]]


async def test_another_attempt_begins_the_text_anew(bots, fake):
    bot = await bots()
    bot.stream(0, "Первая попытка")
    await fake.until(lambda: any(one.text == "Первая попытка" for one in group(fake)))
    bot.stream(0, "Вторая", attempt=2)
    await fake.until(lambda: group(fake)[0].text == "Вторая")
    await bot.say("Вторая, до конца")
    (sent,) = group(fake)
    assert history(sent) == ["…", "Первая попытка", "Вторая", "Вторая, до конца"]


class TestCrash:
    @pytest.fixture
    async def crashed(self, bots, fake):
        """The reception of a bot that died while a text grew."""
        bot = await bots()
        bot.stream(0, "Первый текст обор")
        await fake.until(lambda: any("обор" in one.text for one in group(fake)))
        noted = await bot.reception.recall("telegram.shop", "placeholders")
        await bot.connector.stop()
        reception = MemoryReception(lambda _inbound: ())
        await reception.remember("telegram.shop", "placeholders", noted)
        return reception

    async def test_the_text_goes_on_in_the_same_message(self, bots, fake, crashed):
        bot = await bots(crashed)
        bot.stream(0, "Второй текст")
        await fake.until(lambda: group(fake)[0].text == "Второй текст")
        await bot.say("Второй текст, целиком")
        (sent,) = group(fake)
        assert history(sent) == ["…", "Первый текст обор", "Второй текст", "Второй текст, целиком"]

    async def test_the_whole_message_takes_its_place(self, bots, fake, crashed):
        bot = await bots(crashed)
        await bot.say("Второй текст")
        await bot.say("Второй текст")  # the crash was before the outbox knew
        assert [one.text for one in group(fake)] == ["Второй текст"]
        assert await bot.noted() == {}

    async def test_what_was_never_finished_goes_with_the_next_message(self, bots, fake, crashed):
        bot = await bots(crashed)
        await bot.say("Что-то пошло не так", id="2/2")
        assert [one.text for one in group(fake)] == ["Что-то пошло не так"]
        assert await bot.noted() == {}

    async def test_what_came_before_it_leaves_it_alone(self, bots, fake, crashed):
        bot = await bots(crashed)
        await bot.say("Секунду…", id="1/1")
        await bot.say("Второй текст")
        assert [one.text for one in group(fake)] == ["Второй текст", "Секунду…"]


@pytest.mark.parametrize(
    "message",
    [
        {"text": "вот", "attachments": (Attachment("image", media="https://a.example/p.jpg"),)},
        {"text": "Телефон?", "buttons": (Button("Отправить", request="phone"),)},
    ],
)
async def test_what_no_text_can_become_is_sent_and_the_growing_one_goes(bots, fake, message):
    bot = await bots()
    bot.stream(0, "вот")
    await fake.until(lambda: any(one.text == "вот" for one in group(fake)))
    await bot.say(**message)
    (sent,) = group(fake)
    assert sent.text == message["text"]
    assert not sent.edits


async def test_a_long_text_goes_on_in_messages_after_it(bots, fake):
    bot = await bots()
    bot.stream(0, "Глава первая.")
    await fake.until(lambda: any("первая" in one.text for one in group(fake)))
    await bot.say("Глава первая. " * 400)
    assert len(group(fake)) == 2
    assert [bool(one.edits) for one in group(fake)] == [True, False]
    assert "".join(one.text for one in group(fake)).count("Глава") == 400


async def test_one_that_was_deleted_is_sent_anew(bots, fake):
    bot = await bots()
    bot.stream(0, "Текст")
    await fake.until(lambda: any(one.text == "Текст" for one in group(fake)))
    fake.sent.clear()
    await bot.say("Текст целиком")
    assert [history(one) for one in group(fake)] == [["Текст целиком"]]


async def test_an_edit_on_its_way_is_waited_for(bots, fake):
    """Telegram might do it after the last one, and the reader would be left with half a text."""
    bot = await bots()
    bot.stream(0, "Полов")
    await fake.until(lambda: any(one.text == "Полов" for one in group(fake)))
    fake.faults.append(Fault("editMessageText", late=0.3))
    bot.stream(5, "ина")
    await fake.until(lambda: not fake.faults)  # it has come, and is not carried out
    await bot.say("Половина и вторая")
    edits = [fields["text"] for method, fields in fake.calls if method.casefold() == "editmessagetext"]
    assert edits == ["Полов", "Половина", "Половина и вторая"]


async def test_a_pause_that_telegram_asks_for_ends_the_growing_and_is_kept(bots, fake):
    bot = await bots()
    bot.stream(0, "Раз")
    await fake.until(lambda: any(one.text == "Раз" for one in group(fake)))
    fake.faults.append(Fault("editMessageText", status=429, retry_after=17))
    bot.stream(3, " два")
    await fake.until(lambda: not fake.faults)
    await bot.say("Раз два три")
    assert any(15 < pause <= 17 for pause in bot.ticks.asked)
    assert [one.text for one in group(fake)] == ["Раз два три"]
