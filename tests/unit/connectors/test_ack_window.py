"""What is acknowledged to a messenger that keeps one position for all."""

from __future__ import annotations

import asyncio

import pytest

from ses.clock import VirtualClock
from ses.connectors.ack_window import AckWindow


@pytest.fixture
def clock():
    return VirtualClock(0.0)


@pytest.fixture
def window(clock):
    return AckWindow(clock)


async def add(window, *updates):
    """Each with a position of its own behind it; what waits for each."""
    futures = {}
    for update in updates:
        futures[update] = asyncio.get_running_loop().create_future()
        window.add(update, futures[update])
        window.end_at(update + 1)
    return futures


async def test_it_goes_up_to_the_first_that_is_not_durable(window):
    futures = await add(window, 1, 2, 3)
    for update in (1, 3):
        futures[update].set_result(True)
    assert window.acknowledge() == 2
    assert (1 in window, 2 in window, 3 in window) == (False, True, True)
    assert window.acknowledge() is None
    futures[2].set_result(False)
    assert window.acknowledge() == 4
    assert not len(window)


async def test_what_is_not_to_be_stored_holds_up_nothing(window):
    window.add(1, None)
    window.end_at(2)
    assert window.acknowledge() == 2


async def test_what_was_given_up_is_not_acknowledged(window):
    futures = await add(window, 1)
    futures[1].cancel()
    assert window.acknowledge() is None


async def test_a_position_may_stand_behind_several(window):
    futures = {update: asyncio.get_running_loop().create_future() for update in "abc"}
    for update, future in futures.items():
        window.add(update, future)
        if update != "a":
            window.end_at(f"behind {update}")
    futures["a"].set_result(True)
    assert window.acknowledge() is None
    assert "a" in window, "it comes again with the others"
    futures["b"].set_result(True)
    window.end_at("behind c")
    assert window.acknowledge() == "behind b"
    futures["c"].set_result(True)
    assert window.acknowledge() == "behind c"


async def test_waiting_ends_when_all_is_durable_or_with_its_time(window, clock):
    futures = await add(window, 1, 2)
    settling = asyncio.create_task(window.settle(1.0))
    futures[1].set_result(True)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not settling.done()
    clock.advance(1.0)
    await settling
    assert not futures[2].cancelled()
    settling = asyncio.create_task(window.settle(1.0))
    await asyncio.sleep(0)
    futures[2].set_result(True)
    await settling
    assert window.acknowledge() == 3
