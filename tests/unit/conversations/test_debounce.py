"""`burst`: what comes within the window is answered in one turn."""

import asyncio

from doubles.conversations import echo_program
from ses.clock import VirtualClock

from .conftest import START


async def test_quick_messages_share_a_turn(pipeline_over):
    async with pipeline_over(echo_program(burst=10), clock=VirtualClock(START)) as pipeline:
        await asyncio.gather(*(pipeline.say(text) for text in ("хочу", "пиццу")))
        pipeline.clock.advance(9)
        await pipeline.say("большую")
        await pipeline.until(lambda: START + 19 in pipeline.clock.sleepers)
        pipeline.clock.advance(9)
        assert pipeline.inbox.delivered["s1"] == []
        pipeline.clock.advance(1)
        assert await pipeline.inbox.until("s1", 3) == ["хочу", "пиццу", "большую"]
        assert {message.id for message in pipeline.inbox.delivered["s1"]} == {"s1/1/1", "s1/1/2", "s1/1/3"}


async def test_what_comes_after_the_window_has_a_turn_of_its_own(pipeline_over):
    async with pipeline_over(echo_program(burst=10), clock=VirtualClock(START)) as pipeline:
        for count, text in enumerate(("хочу", "пиццу"), 1):
            await pipeline.say(text)
            await pipeline.until(lambda: pipeline.clock.now() + 10 in pipeline.clock.sleepers)
            pipeline.clock.advance(10)
            await pipeline.inbox.until("s1", count)
        assert [message.id for message in pipeline.inbox.delivered["s1"]] == ["s1/1/1", "s1/2/1"]


async def test_a_button_closes_the_window(pipeline_over):
    async with pipeline_over(echo_program(burst=3600), clock=VirtualClock(START)) as pipeline:
        await pipeline.say("большую")
        await pipeline.say(None, button="1.1.0")
        await pipeline.inbox.until("s1", 2)
        assert {message.id.rpartition("/")[0] for message in pipeline.inbox.delivered["s1"]} == {"s1/1"}


async def test_a_command_closes_the_window(pipeline_over):
    async with pipeline_over(echo_program(burst=3600), clock=VirtualClock(START)) as pipeline:
        await pipeline.say("/start")
        assert await pipeline.inbox.until("s1", 1) == ["/start"]


async def test_what_was_left_by_a_former_process_does_not_wait_again(pipeline_over):
    async with pipeline_over(echo_program(burst=3600), clock=VirtualClock(START)) as pipeline:
        await pipeline.say("one", at=1000.0)
        assert await pipeline.inbox.until("s1", 1) == ["one"]
