"""`ses.v1` over a real socket: what a page is promised."""

from __future__ import annotations

import asyncio

import pytest

from doubles.web import Closed
from ses.connectors.contract import Refused
from ses.connectors.testing import MemoryReception
from ses.connectors.web.config import WebLimits
from ses.messages import Conversation, Delta, Outgoing


def here(page) -> Conversation:
    return Conversation("web.site", page.session)


async def test_a_message_is_acknowledged_and_answered(daemon):
    page = daemon.page()
    await page.connect()
    answer = await page.ask("привет")
    assert answer["text"] == "echo привет"
    assert (answer["seq"], answer["from"]) == (1, "robot")


async def test_a_hello_alone_begins_no_session(daemon):
    page = daemon.page()
    await page.connect()
    assert not await daemon.reception.has_begun(here(page))
    assert daemon.reception.received == []


async def test_open_fires_start_once_and_only_before_the_first_turn(daemon):
    page = daemon.page()
    await page.connect()
    for _ in range(3):
        await page.send(type="open")
    await page.ask("привет")
    await page.send(type="open")
    await page.ask("снова")
    assert [inbound.event for inbound in daemon.reception.received] == ["start", None, None]


async def test_the_acknowledgement_waits_for_the_disk(daemon):
    page = daemon.page()
    await page.connect()
    daemon.reception.gate = asyncio.Event()
    await page.say("на диск")
    await page.send(type="typing")
    with pytest.raises(TimeoutError):
        await page.receive(seconds=0.2)
    daemon.reception.gate.set()
    await page.until("ack")


async def test_messages_of_a_socket_become_durable_in_order(daemon):
    page = daemon.page()
    await page.connect()
    ids = [await page.say(f"{number}") for number in range(200)]
    while len(page.acknowledged) < 200:
        await page.receive()
    assert [inbound.id for inbound in daemon.reception.received] == ids


async def test_the_same_id_is_one_message_and_every_copy_is_acknowledged(daemon):
    page = daemon.page()
    await page.connect()
    for text in ("первый", "второй"):
        await page.say(text, id="same")
        await page.until("ack")
    assert [inbound.text for inbound in daemon.reception.received] == ["первый"]


async def test_after_a_break_the_page_gets_what_it_missed_once_and_in_order(daemon):
    page = daemon.page()
    await page.connect()
    await page.ask("раз")
    await page.close()
    for number in range(5):
        await daemon.reception.say(
            here(page), Outgoing(id="", seq=0, text=f"новость {number}"), f"9/{number}"
        )
    welcome = await page.connect()
    assert [message["seq"] for message in welcome["messages"]] == [2, 3, 4, 5, 6]
    assert (await page.ask("два"))["seq"] == 7
    assert page.twice == []


async def test_without_after_the_last_hundred_entries_come_with_the_visitors_own(daemon):
    page = daemon.page()
    await page.connect()
    for number in range(60):
        await page.ask(str(number))
    again = daemon.page()
    again.session, again.key = page.session, page.key
    welcome = await again.connect(after=None)
    assert len(welcome["messages"]) == 100
    first, second = welcome["messages"][:2]
    assert (first["from"], first["text"], "seq" in first) == ("visitor", "10", False)
    assert (second["from"], second["text"], second["seq"]) == ("robot", "echo 10", 11)


async def test_what_is_said_while_history_is_read_is_shown_once(daemon):
    page = daemon.page()
    await page.connect()
    await page.ask("раз")
    await page.close()
    history = daemon.reception.history

    async def slowly(conversation, *, after, limit=100):
        entries = await history(conversation, after=after, limit=limit)
        await daemon.reception.say(conversation, Outgoing(id="", seq=0, text="после чтения"), "8/1")
        return entries

    daemon.reception.history = slowly
    await page.connect()
    frame = await page.receive()
    assert (frame["seq"], frame["text"]) == (2, "после чтения")
    assert page.twice == []


async def test_a_lost_live_push_is_fetched_before_the_next_is_shown(daemon):
    page = daemon.page()
    await page.connect()
    await page.ask("раз")
    daemon.reception.push = False
    await daemon.reception.say(here(page), Outgoing(id="", seq=0, text="потерялась"), "8/1")
    daemon.reception.push = True
    await daemon.reception.say(here(page), Outgoing(id="", seq=0, text="дошла"), "8/2")
    assert [(await page.receive())["text"] for _ in range(2)] == ["потерялась", "дошла"]


async def test_a_second_login_displaces_the_first(daemon):
    first, second = daemon.page(), daemon.page()
    await first.connect()
    await first.ask("я тут")
    second.session, second.key = first.session, first.key
    await second.connect()
    with pytest.raises(Closed) as closed:
        await first.receive()
    assert closed.value.code == 4001
    assert (await second.ask("теперь я"))["seq"] == 2


@pytest.mark.parametrize("change", [{"key": "wrong"}, {"session": "unknown"}, {"key": None}])
async def test_a_wrong_pair_gets_a_fresh_session(daemon, change):
    page = daemon.page()
    await page.connect()
    await page.ask("моё")
    own = page.session
    stranger = daemon.page()
    welcome = await stranger.connect(**{"session": page.session, "key": page.key, **change})
    assert welcome["session"] != own
    assert welcome["key"]
    assert welcome["messages"] == []
    assert len(welcome["session"]) * 6 >= 128
    assert len(welcome["key"]) * 6 >= 256


async def test_a_pair_survives_a_restart_once_something_was_stored(start):
    reception = MemoryReception()
    async with start(reception) as daemon:
        used, unused = daemon.page(), daemon.page()
        await used.connect()
        await used.ask("запомни")
        await unused.connect()
        await unused.close()
        await unused.connect()
        pair = unused.session
    async with start(reception) as daemon:
        back, forgotten = daemon.page(), daemon.page()
        back.session, back.key, back.shown = used.session, used.key, used.shown
        welcome = await back.connect()
        assert (welcome["session"], welcome["key"], welcome["messages"]) == (used.session, None, [])
        forgotten.session, forgotten.key = pair, unused.key
        assert (await forgotten.connect())["session"] != pair


async def test_a_stop_closes_with_1012(start):
    async with start(MemoryReception()) as daemon:
        page = daemon.page()
        await page.connect()
        stopping = asyncio.create_task(daemon.connector.stop())
        with pytest.raises(Closed) as closed:
            await page.receive()
        await stopping
        assert closed.value.code == 1012


async def test_refused_with_retry_after_all_later_ones_are_refused_until_then(daemon):
    page = daemon.page()
    await page.connect()
    daemon.reception.refusals = [Refused("busy", "Full", 30.0)]
    ids = [await page.say(text) for text in ("раз", "два", "три")]
    errors = [await page.receive() for _ in ids]
    assert [(error["code"], error["id"]) for error in errors] == [("busy", id) for id in ids]
    assert all(0 < error["retry_after"] <= 30 for error in errors)
    assert daemon.reception.received == []


async def test_refused_for_good_the_next_is_taken(daemon):
    page = daemon.page()
    await page.connect()
    daemon.reception.refusals = [Refused("too_long", "No")]
    refused = await page.say("раз")
    error = await page.receive()
    assert (error["code"], error["id"], "retry_after" in error) == ("too_long", refused, False)
    assert (await page.ask("два"))["text"] == "echo два"


async def test_a_store_that_fails_is_an_internal_error_to_be_tried_again(daemon):
    page = daemon.page()
    await page.connect()
    daemon.reception.refusals = [OSError("disk is gone: /secret/path")]
    id = await page.say("раз")
    error = await page.receive()
    assert (error["code"], error["id"], error["retry_after"]) == ("internal", id, 5.0)
    assert "secret" not in error["message"]


async def test_a_fast_socket_is_read_later_and_loses_nothing(start):
    async with start(MemoryReception(), limits=WebLimits(messages=10, per=1, burst=5)) as daemon:
        page = daemon.page()
        await page.connect()
        for number in range(20):
            await page.say(str(number))
        while len(page.acknowledged) < 20:
            await page.receive()
        assert [inbound.text for inbound in daemon.reception.received] == [str(n) for n in range(20)]
        assert len(daemon.clock.sleeps) == 15


async def test_deltas_typing_and_pong_pass(daemon):
    page = daemon.page()
    await page.connect()
    daemon.connector.typing(here(page), on=True)
    daemon.connector.stream(here(page), Delta(id="s/1/1", attempt=1, at=0, text="При"))
    await page.send(type="ping")
    frames = [await page.receive() for _ in range(3)]
    assert frames == [
        {"type": "typing", "on": True},
        {"type": "delta", "id": "s/1/1", "attempt": 1, "at": 0, "text": "При"},
        {"type": "pong"},
    ]


async def test_an_edit_is_acknowledged_and_names_its_message(daemon):
    page = daemon.page()
    await page.connect()
    first = await page.say("пеперони")
    await page.until("ack")
    await page.send(type="edit", id="e1", of=first, text="маргариту")
    while "e1" not in page.acknowledged:
        await page.receive()
    edit = daemon.reception.received[-1]
    assert (edit.edit_of, edit.text) == (first, "маргариту")


async def test_a_press_is_shown_in_history_by_its_label(start):
    from ses.messages import Button

    buttons = (Button("Да", "1.1.0"),)
    async with start(
        MemoryReception(lambda _i: [Outgoing(id="", seq=0, text="?", buttons=buttons)])
    ) as daemon:
        page = daemon.page()
        await page.connect()
        await page.send(type="open")
        await page.until("message")
        await page.press("1.1.0")
        await page.until("ack")
        again = daemon.page()
        again.session, again.key = page.session, page.key
        welcome = await again.connect(after=None)
    assert [(m["from"], m["text"]) for m in welcome["messages"]] == [
        ("robot", "?"),
        ("visitor", "Да"),
        ("robot", "?"),
    ]


async def test_the_visitors_word_goes_under_page_and_the_sites_variables_come_first(start):
    async with start(MemoryReception(), variables={"shop": "north"}) as daemon:
        page = daemon.page()
        await page.connect(
            variables={"vip": True}, page={"url": "https://shop.example/a", "language": "en-US"}
        )
        await page.ask("раз")
        await page.ask("два")
        first, second = daemon.reception.received
    assert first.page == {"vip": True, "url": "https://shop.example/a", "language": "en-US"}
    assert (first.variables, second.variables) == ({"shop": "north"}, {})
    assert first.language == "en-US"


async def test_a_slow_reader_is_cut_off_rather_than_buffered(start):
    async with start(MemoryReception(), limits=WebLimits(send_queue=65536)) as daemon:
        page = daemon.page()
        await page.connect()
        conversation = here(page)
        big = "я" * 4000
        for number in range(3000):
            await daemon.connector.deliver(conversation, Outgoing(id=f"x/{number}", seq=number + 1, text=big))
            if not daemon.connector.sockets:
                break
            await asyncio.sleep(0)
        with pytest.raises(Closed):
            await page.until("nothing more")
        assert max(page.shown) < 3000


async def test_two_unanswered_pings_and_the_socket_is_gone(daemon):
    page = daemon.page()
    await page.connect()
    (connection,) = daemon.connector._connections
    connection.unanswered = 2
    daemon.clock.beat()
    with pytest.raises(Closed) as closed:
        await page.receive()
    assert closed.value.code == 1006


async def test_when_the_store_cannot_be_read_the_page_is_sent_away_to_come_again(daemon):
    page = daemon.page()
    await page.connect()
    await page.ask("раз")
    await page.close()
    history = daemon.reception.history

    async def broken(*_args, **_more):
        raise OSError("disk is gone")

    daemon.reception.history = broken
    await page.open_socket()
    await page.send(type="hello", session=page.session, key=page.key)
    assert (await page.receive())["code"] == "internal"
    with pytest.raises(Closed) as closed:
        await page.receive()
    assert closed.value.code == 1012
    daemon.reception.history = history
    await page.connect()
    assert (await page.ask("два"))["text"] == "echo два"
