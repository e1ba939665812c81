"""Rate limits, back-off, queues by key, and the clock they sleep by."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses.clock import VirtualClock
from ses.flow.backoff import Backoff
from ses.flow.keyed_queue import KeyedQueue
from ses.flow.rate_limit import KeyedRateLimit
from ses.flow.token_bucket import Rate, TokenBucket


class TestTokenBucket:
    RATE = Rate(per_second=2.0, burst=3)

    def test_a_burst_passes_and_then_one_at_a_time(self):
        bucket = TokenBucket(self.RATE, 100.0)
        assert [bucket.take(self.RATE, 100.0) for _ in range(4)] == [0, 0, 0, 0.5]
        assert bucket.take(self.RATE, 100.5) == 0
        assert bucket.take(self.RATE, 100.5) == 0.5

    def test_what_is_refused_is_not_counted(self):
        bucket = TokenBucket(self.RATE, 0.0)
        assert bucket.take(self.RATE, 0.0, 5) == 1.0
        assert bucket.level(self.RATE, 0.0) == 3

    def test_what_is_reserved_waits_for_what_was_reserved_before(self):
        bucket = TokenBucket(self.RATE, 0.0)
        assert [bucket.reserve(self.RATE, 0.0) for _ in range(5)] == [0, 0, 0, 0.5, 1.0]

    def test_what_is_given_back_never_exceeds_the_burst(self):
        bucket = TokenBucket(self.RATE, 0.0)
        bucket.give_back(10)
        assert bucket.level(self.RATE, 0.0) == 3

    def test_a_pause_that_was_asked_for_is_kept(self):
        bucket = TokenBucket(self.RATE, 0.0)
        bucket.hold(self.RATE, 10.0)
        assert bucket.take(self.RATE, 9.0) == pytest.approx(1.0)
        assert bucket.take(self.RATE, 10.0) == 0
        assert bucket.take(self.RATE, 10.0) == pytest.approx(0.5)

    def test_a_shorter_pause_does_not_end_a_longer_one(self):
        bucket = TokenBucket(self.RATE, 0.0)
        bucket.hold(self.RATE, 10.0)
        bucket.hold(self.RATE, 1.0)
        assert bucket.take(self.RATE, 1.0) == pytest.approx(9.0)

    @given(st.floats(0.1, 100), st.integers(1, 50), st.lists(st.floats(0, 10), min_size=1, max_size=50))
    def test_never_more_than_the_burst_and_what_time_brought(self, per_second, burst, gaps):
        rate, now, passed = Rate(per_second, burst), 0.0, 0
        bucket = TokenBucket(rate, now)
        for gap in gaps:
            now += gap
            passed += bucket.take(rate, now) == 0
        assert passed <= burst + now * per_second + 1e-6


class TestKeyedRateLimit:
    def test_each_key_has_its_own(self):
        limit = KeyedRateLimit[str](Rate(1.0, 1), VirtualClock(0))
        assert limit.take("a") == 0
        assert limit.take("a") == 1.0
        assert limit.take("b") == 0

    def test_who_is_full_again_is_forgotten(self):
        clock = VirtualClock(0)
        limit = KeyedRateLimit[int | str](Rate(1.0, 2), clock)
        for key in range(100):
            limit.take(key)
        assert len(limit) == 100
        clock.advance(1.0)
        limit.take("new")
        assert len(limit) == 1

    def test_of_too_many_the_longest_unused_goes(self):
        limit = KeyedRateLimit[str](Rate(1.0, 1), VirtualClock(0), remembered=2)
        for key in "abca":
            limit.take(key)
        assert len(limit) == 2
        assert limit.take("c") == 1.0


class TestBackoff:
    def test_pauses_double_up_to_the_longest(self):
        backoff = Backoff(1, 10, chance=lambda: 0.0)
        assert [backoff.next() for _ in range(6)] == [1, 2, 4, 8, 10, 10]

    def test_after_a_success_it_begins_anew(self):
        backoff = Backoff(1, 10, chance=lambda: 0.0)
        for _ in range(3):
            backoff.next()
        backoff.reset()
        assert backoff.failures == 0
        assert backoff.next() == 1

    @given(st.floats(0.001, 100), st.floats(1, 1000), st.integers(1, 3000))
    def test_a_pause_is_at_least_half_of_what_it_would_be(self, first, longest, failures):
        backoff = Backoff(first, longest)
        backoff.failures = failures
        bound = min(longest, first * 2.0 ** min(failures, 64))
        assert bound / 2 <= backoff.next() <= bound

    def test_those_who_failed_together_do_not_come_back_together(self):
        assert len({Backoff(1, 10).next() for _ in range(100)}) > 90


class TestKeyedQueue:
    async def test_of_one_key_in_order_and_keys_beside_each_other(self):
        done, gate = [], asyncio.Event()

        async def work(key, item):
            if key == "slow":
                await gate.wait()
            done.append((key, item))

        queue = KeyedQueue(work)
        for item in range(3):
            queue.put("slow", item)
            queue.put("fast", item)
        await queue.at_most(3)
        assert done == [("fast", 0), ("fast", 1), ("fast", 2)]
        assert (queue.of("slow"), queue.of("fast")) == (3, 0)
        gate.set()
        await queue.at_most(0)
        assert done[3:] == [("slow", 0), ("slow", 1), ("slow", 2)]

    async def test_a_failure_does_not_stop_those_behind_it(self):
        done = []

        async def work(key, item):
            if item == 0:
                raise ValueError(item)
            done.append(item)

        queue = KeyedQueue(work)
        queue.put("a", 0)
        queue.put("a", 1)
        await queue.at_most(0)
        assert done == [1]

    async def test_what_waits_behind_some_is_taken_away_in_its_order(self):
        async def never_done(key: str, item: int) -> None:
            await asyncio.Event().wait()

        queue = KeyedQueue(never_done)
        for item in range(4):
            queue.put("a", item)
        assert queue.cut("a", 2) == [2, 3]
        assert (queue.cut("a", 2), queue.cut("nobody", 1), queue.of("a")) == ([], [], 2)
        await queue.close()

    async def test_close_tells_what_was_not_dealt_with(self):
        async def work(key, item):
            await asyncio.Event().wait()

        queue = KeyedQueue(work)
        for key, item in (("a", 1), ("a", 2), ("b", 3)):
            queue.put(key, item)
        await asyncio.sleep(0)
        assert await queue.close() == [1, 2, 3]
        assert queue.waiting == 0


class TestVirtualClock:
    async def test_sleepers_wake_in_the_order_of_their_time(self):
        clock, woken = VirtualClock(0), []

        async def sleep(seconds):
            await clock.sleep(seconds)
            woken.append(seconds)

        tasks = [asyncio.create_task(sleep(seconds)) for seconds in (3, 1, 2)]
        await asyncio.sleep(0)
        assert clock.sleepers == (1, 2, 3)
        clock.advance(2)
        await asyncio.gather(tasks[1], tasks[2])
        assert woken == [1, 2]
        clock.advance(1)
        await tasks[0]
        assert woken == [1, 2, 3]

    async def test_a_sleeper_that_was_cancelled_harms_nobody(self):
        clock = VirtualClock(0)
        sleeper = asyncio.create_task(clock.sleep(1))
        await asyncio.sleep(0)
        sleeper.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeper
        clock.advance(2)
        assert clock.sleepers == ()

    async def test_with_autojump_nobody_waits(self):
        clock = VirtualClock(10, autojump=True)
        await clock.sleep(3600)
        assert clock.now() == 3610
