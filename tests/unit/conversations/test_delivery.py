"""Messages that must be known to have arrived: in order, again and again, noted when they are there."""

import asyncio
from dataclasses import replace

import pytest

from doubles.conversations import Inbox
from ses.clock import VirtualClock
from ses.connectors.contract import DeliveryFailed

from .conftest import FREE, START


@pytest.fixture
def telegram():
    return Inbox("telegram.shop", replays=False)


async def test_a_delivery_that_fails_is_repeated_and_holds_back_what_follows(pipeline_over, telegram):
    telegram.failures = [DeliveryFailed("flood control", 0.02), ConnectionResetError("gone")]
    async with pipeline_over(inbox=telegram) as pipeline:
        await pipeline.say("one")
        await pipeline.say("two")
        assert await telegram.until("s1", 2) == ["one", "two"]
        await pipeline.delivered()
        assert await pipeline.store.undelivered((0, 0), 9) == []


async def test_a_delivery_that_can_never_succeed_is_given_up_and_the_robot_hears_of_it(
    pipeline_over, telegram
):
    telegram.failures = [DeliveryFailed("the bot was blocked", None)]
    async with pipeline_over(inbox=telegram) as pipeline:
        await pipeline.say("one")
        await pipeline.say("two")
        assert await telegram.until("s1", 2) == ["two", "[error]"]
        await pipeline.delivered()
        assert await pipeline.store.undelivered((0, 0), 9) == []


async def test_a_delivery_that_fails_for_a_day_is_given_up(pipeline_over, telegram):
    telegram.failures = [DeliveryFailed("Telegram is away", 50_000.0)] * 3
    async with pipeline_over(inbox=telegram) as pipeline:
        await pipeline.say("one")
        assert await telegram.until("s1", 1) == ["[error]"]
        await pipeline.delivered()
        assert pipeline.clock.now() >= START + 2 * 50_000.0


async def test_what_the_robot_says_to_a_lost_message_is_not_lost_in_a_loop(pipeline_over, telegram):
    telegram.failures = [DeliveryFailed("the bot was blocked", None)] * 2
    async with pipeline_over(inbox=telegram) as pipeline:
        await pipeline.say("one")
        await pipeline.until(lambda: not telegram.failures)
        await pipeline.delivered()
        await pipeline.say("two")
        assert await telegram.until("s1", 1) == ["two"]
        await pipeline.delivered()
        assert await pipeline.store.undelivered((0, 0), 9) == []


async def test_one_conversation_that_cannot_be_reached_holds_up_no_other(pipeline_over, telegram):
    telegram.failures = [DeliveryFailed("flood control", 3600.0)]
    async with pipeline_over(inbox=telegram, clock=VirtualClock(START)) as pipeline:
        await pipeline.say("one", "s1")
        await pipeline.answered()
        await pipeline.say("two", "s2")
        assert await telegram.until("s2", 1) == ["two"]
        pipeline.clock.advance(59.0)
        await pipeline.until(lambda: pipeline.conversations.stats().outbox == {("echo", "telegram"): 1})
        assert pipeline.conversations.stats().outbox_age == {("echo", "telegram"): 59.0}


async def test_what_a_former_process_did_not_deliver_is_delivered_in_order(pipeline_over, telegram):
    telegram.failures = [DeliveryFailed("flood control", 3600.0)]
    async with pipeline_over(inbox=telegram, clock=VirtualClock(START)) as pipeline:
        for text in ("one", "two", "three"):
            await pipeline.say(text)
        await pipeline.answered()
    after = Inbox("telegram.shop", replays=False)
    async with pipeline_over(inbox=after):
        assert await after.until("s1", 3) == ["one", "two", "three"]


async def test_of_a_long_silence_memory_holds_little_and_nothing_is_lost(pipeline_over, telegram):
    telegram.failures = [DeliveryFailed("Telegram is away", 0.0)] * 12
    async with pipeline_over(inbox=telegram, limits=replace(FREE, outbox_queues=4)) as pipeline:
        for number in range(50):
            for session in range(10):
                await pipeline.say(f"{number}", f"s{session}")
            assert sum(pipeline.conversations.stats().outbox.values()) <= 4 * 20
        for session in range(10):
            assert await telegram.until(f"s{session}", 50) == [str(number) for number in range(50)]
        await pipeline.delivered()
        assert await pipeline.store.undelivered((0, 0), 9) == []


async def test_what_arrives_while_the_outbox_is_read_is_not_sent_again(pipeline_over, telegram):
    writing, written, read = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def slowly(sqlite):
        note, read_page = sqlite.delivered, sqlite.undelivered

        async def delivered(*row, **how):
            writing.set()
            await read.wait()
            await note(*row, **how)
            written.set()

        async def undelivered(*page):
            rows = await read_page(*page)
            if rows and not read.is_set():
                read.set()
                await written.wait()
                while pipeline.conversations.stats().outbox:  # until its queue is gone, too
                    await asyncio.sleep(0)
            return rows

        sqlite.delivered, sqlite.undelivered = delivered, undelivered
        return sqlite

    async with pipeline_over(inbox=telegram, wrap=slowly) as pipeline:
        await pipeline.say("one")
        async with asyncio.timeout(30):
            await writing.wait()
            pipeline.conversations.attach(Inbox("telegram.other", replays=False))  # something may wait for it
            await written.wait()
            await pipeline.say("two")
            assert await telegram.until("s1", 2) == ["one", "two"]


async def test_messages_for_a_connector_that_was_away_go_out_when_it_is_back(pipeline_over, telegram):
    async with pipeline_over(inbox=Inbox("web.site")) as pipeline:
        await pipeline.say("one", connector="telegram.shop")
        await pipeline.say("two", connector="telegram.shop")
        await pipeline.answered()
        pipeline.conversations.attach(telegram)
        await pipeline.say("three", connector="telegram.shop")
        assert await telegram.until("s1", 3) == ["one", "two", "three"]


async def test_a_push_to_an_absent_reader_counts_as_delivered_and_can_be_fetched(pipeline):
    pipeline.inbox.failures = [DeliveryFailed("nobody is connected", 1.0), RuntimeError("a bug")]
    message = pipeline.inbound("one")
    await pipeline.conversations.receive(message)
    await pipeline.say("two")
    await pipeline.say("three")
    assert await pipeline.inbox.until("s1", 1) == ["three"]
    entries = await pipeline.conversations.history(message.conversation, after=0)
    assert [(one.seq, one.outgoing.text) for one in entries] == [(1, "one"), (2, "two"), (3, "three")]
    entries = await pipeline.conversations.history(message.conversation, after=2)
    assert [one.seq for one in entries] == [3]
