"""One bot over the fake: what people do in Telegram, and what Telegram does to bots."""

from __future__ import annotations

import asyncio
import io
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, web

from doubles.telegram import TOKEN, Fault
from ses.connectors.contract import DeliveryFailed, FetchFailed, Refused, no_recording
from ses.connectors.telegram.config import Settings
from ses.connectors.telegram.connector import TelegramConnector
from ses.connectors.telegram.webhook import SECRET_HEADER
from ses.connectors.testing import HurriedClock, MemoryReception
from ses.connectors.webhooks import WebhookRoutes
from ses.messages import Attachment, Button, Conversation, Delta, Outgoing

GROUP = -100200


class Bot:
    """A running connector and the daemon in memory behind it."""

    def __init__(self, connector: TelegramConnector, reception: MemoryReception) -> None:
        self.connector = connector
        self.reception = reception

    async def hears(self, count: int):
        """The first `count` inbounds."""
        async with asyncio.timeout(10):
            while len(self.reception.received) < count:
                await asyncio.sleep(0.005)
        return self.reception.received[:count]

    async def say(self, session, text="", *, id="1/1", seq=1, **more) -> None:
        message = Outgoing(id=f"{session}/{id}", seq=seq, text=text, **more)
        await self.connector.deliver(Conversation("telegram.shop", str(session)), message)

    async def becomes(self, condition: str):
        async with asyncio.timeout(10):
            while (state := self.connector.state()).condition != condition:
                await asyncio.sleep(0.005)
        return state


@asynccontextmanager
async def bot_over(
    fake,
    *,
    token=TOKEN,
    folder=None,
    recording=no_recording,
    answer=lambda inbound: (),
    patience=0.2,
    **given,
):
    reception = MemoryReception(answer)
    settings = Settings("shop", "echo", token, poll=1, api=fake.url, **given)
    connector = TelegramConnector(
        settings, robot_folder=lambda: folder, recording=recording, clock=HurriedClock(), patience=patience
    )
    reception.serve(connector)
    await connector.start(reception)
    try:
        yield Bot(connector, reception)
    finally:
        await connector.stop()


@pytest.fixture
async def bot(fake):
    async with bot_over(fake) as bot:
        await bot.becomes("connected")
        yield bot


# --- what people do ------------------------------------------------------------------------------------------------


async def test_start_is_an_event_with_what_stood_in_the_link(bot, fake):
    fake.person(7, name="Аня").say("/start a1b2")
    fake.person(7).say("/menu")
    start, menu = await bot.hears(2)
    assert (start.event, start.payload) == ("start", {"token": "a1b2", "name": "Аня"})
    assert (start.session, start.user, start.language) == ("7", "telegram:7", "ru")
    assert menu.text == "/menu"


async def test_every_kind_of_content_arrives(bot, fake):
    person = fake.person(7)
    person.photo("p1", caption="вот")
    person.send(document=person.file("d1", file_name="счёт.pdf", mime_type="application/pdf"))
    person.send(voice=person.file("v1", duration=3))
    person.send(location={"latitude": 55.0, "longitude": 82.9})
    person.send(contact={"phone_number": "79130001122", "first_name": "Аня", "user_id": 7})
    person.send(sticker=person.file("s1", emoji="🍕", type="regular", width=9, height=9))
    heard = await bot.hears(6)
    assert [one.attachments[0].kind for one in heard] == [
        "image",
        "file",
        "voice",
        "location",
        "contact",
        "sticker",
    ]
    assert heard[0].text == "вот"
    assert heard[0].attachments[0].media == "telegram:p1"
    assert heard[1].attachments[0].name == "счёт.pdf"
    assert heard[3].attachments[0].value == {"lat": 55.0, "lon": 82.9}
    assert heard[4].attachments[0].value["phone"] == "79130001122"


async def test_an_album_is_one_message(bot, fake):
    person = fake.person(7)
    for number in range(3):
        caption = {"caption": "наши фото"} if number == 0 else {}
        person.photo(f"p{number}", media_group_id="g1", **caption)
    person.say("дальше")
    album, after = await bot.hears(2)
    assert [one.media for one in album.attachments] == ["telegram:p0", "telegram:p1", "telegram:p2"]
    assert (album.text, after.text) == ("наши фото", "дальше")


async def test_a_press_comes_back_and_is_answered(bot, fake):
    await bot.say(7, "Точно?", buttons=(Button("Да", "1.1.0"), Button("Нет", "1.1.1")))
    press = fake.person(7).press(fake.to(7)[0], "Нет")
    (inbound,) = await bot.hears(1)
    assert inbound.button == "1.1.1"
    await fake.until(lambda: press in fake.answered)


async def test_an_edit_names_the_message_it_changes(bot, fake):
    person = fake.person(7)
    message = person.say("большую")
    await bot.hears(1)
    person.edit(message, "маленькую")
    first, edit = await bot.hears(2)
    assert (edit.edit_of, edit.text) == (first.id, "маленькую")


async def test_an_answer_to_an_edit_stands_where_the_first_answer_stood(bot, fake):
    await bot.say(7, "Большая!", id="1/1")
    await bot.say(7, "Маленькая!", id="2/1", seq=2, replaces="7/1/1")
    (sent,) = fake.to(7)
    assert sent.text == "Маленькая!"
    await bot.say(7, "Нет её", id="3/1", seq=3, replaces="7/long-ago/1")
    assert [one.text for one in fake.to(7)] == ["Маленькая!", "Нет её"]


async def test_blocking_the_bot_is_the_event_leave(bot, fake):
    fake.person(7).block()
    (inbound,) = await bot.hears(1)
    assert (inbound.event, inbound.session) == ("leave", "7")
    with pytest.raises(DeliveryFailed) as failed:
        await bot.say(7, "вернитесь")
    assert failed.value.retry_after is None


async def test_in_a_group_a_conversation_is_chat_and_user_and_words_wake_the_robot(fake):
    async with bot_over(fake, activators=("робот",)) as bot:
        anna, boris = fake.member(GROUP, 7), fake.member(GROUP, 8, name="Боря")
        boris.say("всем привет")
        anna.say("Робот, пиццу")
        boris.say("@pizza_bot, и мне")
        boris.say("/menu@other_bot")
        boris.say("/menu@pizza_bot")
        anna.say("большую")  # who woke it is listened to
        heard = await bot.hears(4)
        texts = {of: [one.text for one in heard if one.session == f"{GROUP}:{of}"] for of in (7, 8)}
        assert texts == {7: ["Робот, пиццу", "большую"], 8: ["и мне", "/menu"]}
        await bot.say(f"{GROUP}:7", "Какую?", buttons=(Button("Эту", "1.1.0"),))
        (sent,) = fake.to(GROUP)
        assert sent.fields["reply_parameters"]["message_id"] == 6
        press = boris.press(sent, "Эту")
        await fake.until(lambda: press in fake.answered)
        assert "другого" in fake.answered[press]["text"]
        anna.press(sent, "Эту")
        assert (await bot.hears(5))[4].button == "1.1.0"


async def test_who_is_not_on_the_whitelist_is_not_heard(fake):
    async with bot_over(fake, whitelist=(7,)) as bot:
        fake.person(8).say("пустите")
        fake.person(7).say("это я")
        (inbound,) = await bot.hears(1)
        assert inbound.session == "7"


async def test_variables_of_the_connector_come_with_the_first_message_only(fake):
    async with bot_over(fake, variables={"city": "Омск"}) as bot:
        fake.person(7).say("раз")
        fake.person(7).say("два")
        first, second = await bot.hears(2)
        assert (first.variables, second.variables) == ({"city": "Омск"}, {})


# --- what the robot says -------------------------------------------------------------------------------------------


async def test_a_long_text_is_cut_at_sentences_and_the_buttons_stand_under_the_end(bot, fake):
    text = "Это предложение повторяется. " * 300
    await bot.say(7, text, buttons=(Button("Дальше", "1.1.0"),))
    said = fake.to(7)
    assert len(said) == 3
    assert all(one.text.strip().endswith(".") for one in said)
    assert " ".join(one.text.strip() for one in said) == text.strip()
    assert [bool(one.buttons) for one in said] == [False, False, True]
    await bot.say(8, "🍕" * 3000)  # each counts twice
    assert "".join(one.text for one in fake.to(8)) == "🍕" * 3000


async def test_many_buttons_have_pages(bot, fake):
    buttons = tuple(Button(f"Пицца {number}", f"1.1.{number}") for number in range(95))
    person = fake.person(7)
    sent = await bot.reception.say(
        Conversation("telegram.shop", "7"), Outgoing(id="", seq=0, text="Какую?", buttons=buttons), "1/1"
    )
    assert sent.seq == 1
    (shown,) = fake.to(7)
    labels = [button["text"] for button in shown.buttons]
    assert (labels[0], labels[37], labels[-2:]) == ("Пицца 0", "Пицца 37", ["1/3", "›"])
    person.press(shown, "›")
    await fake.until(lambda: "Пицца 38" in [button["text"] for button in shown.buttons])
    person.press(shown, "Пицца 40")
    assert (await bot.hears(1))[0].button == "1.1.40"


async def test_a_button_may_ask_for_phone_or_place(bot, fake):
    await bot.say(
        7,
        "Ваш телефон?",
        buttons=(Button("Отправить", request="phone"), Button("Сайт", url="https://a.example")),
    )
    (sent,) = fake.to(7)
    assert sent.buttons == [{"text": "Отправить", "request_contact": True}]
    assert sent.text.endswith("Сайт: https://a.example")


async def test_files_go_up_once_and_pictures_carry_the_text(fake, tmp_path):
    (tmp_path / "media").mkdir()
    (tmp_path / "media/pizza.jpg").write_bytes(b"jpeg")
    (tmp_path / "secret.txt").write_text("no")
    async with bot_over(fake, folder=tmp_path) as bot:
        await bot.becomes("connected")
        picture = Attachment("image", media="media/pizza.jpg")
        await bot.say(7, "Вот она", attachments=(picture,), buttons=(Button("Беру", "1.1.0"),))
        await bot.say(7, "Ещё раз", id="2/1", attachments=(picture,))
        first, second = fake.to(7)
        assert (first.method, first.text, len(first.files)) == ("sendPhoto", "Вот она", 1)
        assert first.buttons
        assert not second.files  # by the identifier that Telegram gave it
        await bot.say(
            8, "т" * 2000, attachments=(picture, picture, Attachment("location", value={"lat": 1, "lon": 2}))
        )
        assert [one.method for one in fake.to(8)] == ["sendphoto", "sendphoto", "sendLocation", "sendMessage"]
        with pytest.raises(DeliveryFailed):
            await bot.say(9, "", attachments=(Attachment("file", media="media/../secret.txt"),))


async def test_markdown_is_shown_and_can_break_nothing(bot, fake):
    await bot.say(7, "**Жирно** и `код` <b>, [сюда](https://a.example) & *так*", format="markdown")
    assert fake.to(7)[0].text == (
        '<b>Жирно</b> и <code>код</code> &lt;b&gt;, <a href="https://a.example">сюда</a> &amp; <i>так</i>'
    )
    await bot.say(7, "1 < 2 & **не закрыто", id="2/1", format="markdown")
    assert len(fake.to(7)) == 2


async def test_a_text_being_generated_is_a_draft_that_ends_in_the_message(bot, fake):
    conversation = Conversation("telegram.shop", "7")
    bot.connector.typing(conversation, on=True)
    for at, text in ((0, "Сырный "), (7, "борт?")):
        bot.connector.stream(conversation, Delta(id="7/1/1", attempt=1, at=at, text=text))
    await fake.until(lambda: any(text == "Сырный борт?" for _, _, text in fake.drafts))
    await bot.say(7, "Сырный борт?")
    assert [one.text for one in fake.to(7)] == ["Сырный борт?"]
    assert (7, "typing") in fake.actions


# --- what Telegram does --------------------------------------------------------------------------------------------


async def test_a_pause_that_telegram_asks_for_is_kept(bot, fake):
    fake.faults.append(Fault("sendMessage", status=429, retry_after=17))
    with pytest.raises(DeliveryFailed) as failed:
        await bot.say(7, "раз")
    assert failed.value.retry_after == 17


@pytest.mark.parametrize(
    ("fault", "doubtful"),
    [(Fault(status=502), 1), (Fault(reset="before"), 1), (Fault(reset="after"), 1)],
)
async def test_what_may_have_been_sent_is_sent_again_and_counted(bot, fake, fault, doubtful):
    fault.method = "sendMessage"
    fake.faults.append(fault)
    with pytest.raises(DeliveryFailed) as failed:
        await bot.say(7, "раз")
    assert failed.value.retry_after == 0
    await bot.say(7, "раз")
    assert {one.text for one in fake.to(7)} == {"раз"}
    assert len(fake.to(7)) == 1 + sum(not one.answered for one in fake.to(7))
    assert bot.connector.state().doubtful == doubtful


async def test_what_arrived_of_a_long_message_is_not_sent_again(bot, fake):
    text = ("а" * 4000 + ". ") * 3
    fake.faults.extend([Fault("nothing"), Fault("nothing")])
    fake.faults.clear()
    count = 0

    def second_fails(method):
        nonlocal count
        count += method == "sendMessage"
        return Fault(status=500) if count == 2 and method == "sendMessage" else None

    fake.fault = second_fails
    with pytest.raises(DeliveryFailed):
        await bot.say(7, text)
    await bot.say(7, text)
    assert len(fake.to(7)) == 3


async def test_a_group_that_moved_is_followed(bot, fake):
    fake.faults.append(Fault("sendMessage", status=400, migrate_to=-100999))
    fake.member(GROUP, 7).say("привет")
    await bot.hears(1)
    await bot.say(f"{GROUP}:7", "здравствуйте")
    assert [one.chat for one in fake.sent] == [-100999]


async def test_an_update_is_confirmed_only_when_it_is_stored_and_order_holds(bot, fake):
    bot.reception.gate = asyncio.Event()
    person = fake.person(7)
    for number in range(5):
        person.say(str(number))
    await asyncio.sleep(0.1)
    assert fake.confirmed <= 1000
    bot.reception.gate.set()
    assert [one.text for one in await bot.hears(5)] == list("01234")
    await fake.until(lambda: fake.confirmed > fake.newest)


async def test_an_update_that_cannot_be_understood_is_left_out(bot, fake):
    fake.update(message={"message_id": "x", "chat": 5})
    fake.person(7).say("после")
    assert (await bot.hears(1))[0].text == "после"


async def test_receiving_survives_whatever_the_server_does(bot, fake):
    fake.faults.extend(
        [
            Fault("getUpdates", status=500),
            Fault("getUpdates", reset="after"),
            Fault("getUpdates", status=429, retry_after=1),
        ]
    )
    person = fake.person(7)
    for number in range(4):
        person.say(str(number))
        await bot.hears(number + 1)
    assert [one.text for one in bot.reception.received] == list("0123")
    await bot.becomes("connected")


async def test_a_wrong_token_is_said_plainly_and_tried_no_more(fake):
    async with bot_over(fake, token="1:wrong-token-of-nobody-at-all") as bot:
        state = await bot.becomes("refused")
        assert "connectors.telegram.shop.token" in state.problem
        assert "1:wrong" not in state.problem
        with pytest.raises(DeliveryFailed) as failed:
            await bot.say(7, "никому")
        assert failed.value.retry_after is not None


async def test_a_second_poller_is_told_from_other_faults(fake):
    async with bot_over(fake) as first:
        await first.becomes("connected")
        async with bot_over(fake) as second:
            async with asyncio.timeout(10):
                while (
                    "one poller only"
                    not in second.connector.state().problem + first.connector.state().problem
                ):
                    await asyncio.sleep(0.01)


async def test_a_client_that_gets_no_answers_is_made_anew(bot, fake):
    fake.fault = lambda method: Fault(reset="before") if method == "sendMessage" else None
    for _ in range(6):
        with pytest.raises(DeliveryFailed):
            await bot.say(7, "эй")
    assert bot.connector._client.renewed >= 1
    fake.fault = lambda method: None
    await bot.say(7, "эй")
    assert [one.text for one in fake.to(7)] == ["эй"]


# --- the webhook ---------------------------------------------------------------------------------------------------


@asynccontextmanager
async def hooked(fake, **more):
    """A bot in webhook mode on a listener of its own."""
    connectors: dict[str, TelegramConnector] = {}
    app = web.Application()
    app.add_routes(WebhookRoutes(connectors).routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/hook/telegram/shop"
    try:
        async with bot_over(fake, mode="webhook", webhook_url=address, secret_token="S3cret", **more) as bot:
            connectors["telegram.shop"] = bot.connector
            await bot.becomes("connected")
            yield bot, address
    finally:
        await runner.cleanup()


async def test_a_webhook_answers_after_storing_and_strangers_not_at_all(fake):
    async with hooked(fake) as (bot, address), ClientSession() as http:
        fake.person(7).say("привет")
        (inbound,) = await bot.hears(1)
        assert inbound.text == "привет"
        await fake.until(lambda: fake.webhook_calls[-1:] == [(fake.newest, 200)])
        for headers in ({}, {SECRET_HEADER: "wrong"}):
            async with http.post(address, json={"update_id": 5}, headers=headers) as answer:
                assert (answer.status, await answer.read()) == (403, b"")
        async with http.post(address, data=b"no json", headers={SECRET_HEADER: "S3cret"}) as answer:
            assert answer.status == 200
        async with http.post(
            address, data=io.BytesIO(b"x" * (2 << 20)), headers={SECRET_HEADER: "S3cret"}
        ) as answer:
            assert answer.status == 403


async def test_what_a_webhook_could_not_store_in_time_comes_again_and_is_one_message(fake):
    async with hooked(fake) as (bot, _):
        bot.reception.gate = asyncio.Event()
        fake.person(7).say("раз")
        fake.person(7).say("два")
        await fake.until(lambda: (1000, 503) in fake.webhook_calls)
        bot.reception.gate.set()
        await fake.until(lambda: fake.confirmed > fake.newest)
        assert [one.text for one in bot.reception.received] == ["раз", "два"]


async def test_a_webhooks_update_that_is_refused_for_a_moment_is_answered_when_it_is_stored(fake):
    async with hooked(fake) as (bot, _):
        bot.reception.refusals = [Refused("flood", "slower", 1.0), RuntimeError("disk full")]
        fake.person(7).say("раз")
        await fake.until(lambda: fake.confirmed > fake.newest)
        assert [one.text for one in bot.reception.received] == ["раз"]


async def test_a_changed_webhook_is_a_conflict_said_plainly(fake):
    async with hooked(fake) as (bot, _):
        fake.webhook["url"] = "https://other.example/hook"
        await bot.becomes("failing")
        assert "another program" in bot.connector.state().problem


# --- voices --------------------------------------------------------------------------------------------------------

SPOKEN = Attachment("voice", media="audio:spoken.ogg")


@pytest.mark.parametrize(
    ("text", "there", "takes", "sent"),
    [
        ("Привет", True, True, [("sendVoice", "Привет")]),
        ("Привет", True, False, [("sendMessage", "Привет")]),
        ("Привет", False, True, [("sendMessage", "Привет")]),
        ("а" * 1500, True, True, [("sendVoice", ""), ("sendMessage", "а" * 1500)]),
        ("а" * 1500, True, False, [("sendMessage", "а" * 1500)]),
        ("а" * 1500, False, True, [("sendMessage", "а" * 1500)]),
    ],
    ids=["voice", "forbidden", "gone", "long", "long and forbidden", "long and gone"],
)
async def test_what_is_said_aloud_is_never_lost(fake, tmp_path, text, there, takes, sent):
    sound = tmp_path / "spoken.ogg"
    sound.write_bytes(b"OggS")
    person = fake.person(77)
    if not takes:
        fake.voiceless.add(person.id)
    async with bot_over(fake, recording=lambda media: sound if there else None) as bot:
        await bot.becomes("connected")
        await bot.say(person.id, text, attachments=(SPOKEN,))
    told = [
        (one.method, one.fields.get("caption") or one.fields.get("text") or "") for one in fake.to(person.id)
    ]
    assert told == sent


async def test_what_people_send_is_fetched_by_its_identifier(bot, fake):
    fake.files["voice-1"] = b"sound"
    assert await bot.connector.fetch("telegram:voice-1", 5) == b"sound"
    for media, limit in (("telegram:voice-1", 4), ("telegram:gone", 5), ("media/a.ogg", 5)):
        with pytest.raises(FetchFailed) as refused:
            await bot.connector.fetch(media, limit)
        assert not refused.value.passing
    fake.faults.append(Fault(status=502))
    with pytest.raises(FetchFailed) as broken:
        await bot.connector.fetch("telegram:voice-1", 5)
    assert broken.value.passing
    assert TOKEN not in str(broken.value)
