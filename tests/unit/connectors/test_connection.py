"""How fast a bot speaks, how its connection is doing, and what it shows meanwhile: all by the injected clock."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from ses.clock import VirtualClock
from ses.connectors.rate_limit import RateLimit
from ses.connectors.status import ConnectionStatus
from ses.connectors.telegram.rate_limit import RateLimit as TelegramRateLimit
from ses.connectors.typing_indicator import LONGEST, TypingIndicator
from ses.connectors.vk.rate_limit import RateLimit as VkRateLimit
from ses.connectors.webhooks import stored_in_time
from ses.flow.token_bucket import Rate
from ses.messages import Conversation

ANN = Conversation("memory.shop", "ann")


@pytest.fixture
def clock():
    return VirtualClock(1000.0, autojump=True)


class TestRateLimit:
    @pytest.fixture
    def limit(self, clock):
        return RateLimit(clock, all_chats=Rate(30, 30), chat=lambda chat: Rate(1, 3))

    async def said_at(self, clock, limit, *chats):
        times = []
        for chat in chats:
            await limit.turn(chat)
            times.append(clock.monotonic() - 1000)
        return times

    async def test_three_at_once_then_one_a_second(self, clock, limit):
        assert await self.said_at(clock, limit, 1, 1, 1, 1, 1) == [0, 0, 0, 1, 2]

    async def test_chats_do_not_hold_up_each_other(self, clock, limit):
        assert await self.said_at(clock, limit, 1, 1, 1, 2, 1) == [0, 0, 0, 0, 1]

    async def test_a_pause_that_was_asked_for_holds_up_that_chat(self, clock, limit):
        limit.hold(1, 17)
        assert await self.said_at(clock, limit, 2, 1, 1) == [0, 17, 18]

    async def test_what_may_be_left_out_leaves_room_for_what_may_not(self, limit):
        assert limit.spare(1)
        await limit.turn(1)
        assert not limit.spare(1)
        assert limit.spare(2)

    async def test_a_group_of_telegram_hears_twenty_a_minute(self, clock):
        limit = TelegramRateLimit(clock)
        times = await self.said_at(clock, limit, *[-5] * 30)
        assert (times[9], times[-1]) == (0, pytest.approx(60))

    async def test_a_community_of_vk_calls_eighteen_times_a_second(self, clock):
        limit = VkRateLimit(clock)
        for _ in range(19):
            await limit.turn()
        assert clock.monotonic() == pytest.approx(1001)
        assert limit.at_once() == pytest.approx(1 / 18)
        limit.hold(5)
        assert limit.at_once() == pytest.approx(5)


class TestStatus:
    @pytest.fixture
    def status(self, clock):
        return ConnectionStatus("telegram.shop", "echo", "polling", clock)

    def test_a_change_is_told_once_and_not_with_every_attempt(self, status, clock):
        with structlog.testing.capture_logs() as logs:
            for _ in range(3):
                status.cannot_receive("no route")
                clock.advance(1)
            status.connected()
            status.connected()
        assert [one["event"] for one in logs] == ["the bot cannot receive", "the bot is connected"]
        state = status.state()
        assert (state.condition, state.problem, state.errors, state.since) == ("connected", "", 3, 1003)

    def test_it_has_been_so_since_the_first_failure(self, status, clock):
        status.cannot_receive("no route")
        clock.advance(5)
        status.cannot_receive("no answer")
        assert (status.state().since, status.state().problem) == (1000, "no answer")

    def test_the_lag_is_from_the_other_sides_clock_to_the_disk(self, status):
        status.heard(997.0)
        status.heard(0.0)
        assert (status.state().received, status.state().lag, status.state().last_message) == (2, 3.0, 1000)

    def test_a_doubtful_send_is_a_failed_call_too(self, status):
        status.call_failed()
        status.call_failed(doubtful=True)
        assert (status.state().errors, status.state().doubtful) == (2, 1)


class TestTyping:
    async def test_it_is_shown_again_and_again_until_the_answer_comes(self):
        clock, shown = VirtualClock(0.0), []

        async def show(session):
            shown.append(clock.now())
            return True

        typing = TypingIndicator(show, clock, every=4.5)
        typing.typing(ANN, on=True)
        typing.typing(ANN, on=True)
        for _ in range(2):
            await settled()
            clock.advance(4.5)
        await settled()
        typing.typing(ANN, on=False)
        clock.advance(4.5)
        await settled()
        assert shown == [0, 4.5, 9]
        await typing.stop()

    async def test_it_ends_by_itself(self, clock):
        shown = []

        async def show(session):
            shown.append(session)
            return True

        typing = TypingIndicator(show, clock, every=100)
        typing.typing(ANN, on=True)
        while clock.now() < 1000 + LONGEST:
            await asyncio.sleep(0)
        await settled()
        assert shown == ["ann"] * 3
        await typing.stop()

    async def test_it_is_not_shown_again_to_nobody(self, clock):
        shown = []

        async def show(session):
            shown.append(session)
            return False

        typing = TypingIndicator(show, clock, every=1)
        typing.typing(ANN, on=True)
        await settled()
        assert (shown, clock.now()) == (["ann"], 1000)
        await typing.stop()


async def settled():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_call_is_answered_when_all_is_settled_and_not_by_what_was_given_up():
    loop = asyncio.get_running_loop()
    durable, refused, given_up, waiting = (loop.create_future() for _ in range(4))
    durable.set_result(True)
    refused.set_result(False)
    given_up.cancel()
    assert await stored_in_time([])
    assert await stored_in_time([durable, refused])
    assert not await stored_in_time([durable, given_up])
    assert not await stored_in_time([durable, waiting], patience=0)
    assert not waiting.cancelled(), "it goes on waiting in its order"
