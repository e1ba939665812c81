"""Who goes next when the engine is full."""

from __future__ import annotations

import asyncio

import pytest

from ses.clock import VirtualClock
from ses.llm.admission import Admission
from ses.llm.errors import EngineBusy


class Guests:
    """Requests that hold their place until they are let go."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.inside: list[str] = []
        self._doors: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def arrive(self, name: str, priority: str = "gateway") -> None:
        self._doors[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._stay(name, priority))
        await self.settle()

    async def leave(self, name: str) -> None:
        self._doors[name].set()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def _stay(self, name: str, priority: str) -> None:
        async with self._admission.place(priority):
            self.inside.append(name)
            await self._doors[name].wait()


@pytest.fixture
async def clock():
    return VirtualClock(0)


@pytest.fixture
async def guests(clock):
    made = Guests(Admission(places=1, waiting=2, clock=clock))
    yield made
    for task in made.tasks.values():
        task.cancel()
    await asyncio.gather(*made.tasks.values(), return_exceptions=True)
    assert made._admission.running == made._admission.waiting == 0


async def test_first_come_first_served_within_a_priority(guests):
    for name in "abc":
        await guests.arrive(name)
    await guests.leave("a")
    await guests.leave("b")
    assert guests.inside == ["a", "b", "c"]


async def test_a_person_goes_before_a_client_and_a_client_before_a_batch(guests):
    await guests.arrive("first")
    await guests.arrive("batch", "batch")
    await guests.arrive("person", "conversation")
    await guests.leave("first")
    assert guests.inside == ["first", "person"]
    await guests.leave("person")
    assert guests.inside[-1] == "batch"


async def test_beyond_the_room_callers_are_told_to_come_later(guests):
    for name in "abc":
        await guests.arrive(name)
    await guests.arrive("d")
    with pytest.raises(EngineBusy) as raised:
        await guests.tasks["d"]
    assert 1 <= raised.value.retry_after <= 60


async def test_a_person_takes_the_room_of_the_latest_of_the_least_urgent(guests):
    await guests.arrive("a")
    await guests.arrive("client")
    await guests.arrive("batch", "batch")
    await guests.arrive("person", "conversation")
    with pytest.raises(EngineBusy):
        await guests.tasks["batch"]
    await guests.arrive("other", "batch")
    with pytest.raises(EngineBusy):
        await guests.tasks["other"]
    await guests.leave("a")
    assert guests.inside[-1] == "person"


async def test_one_who_leaves_while_waiting_costs_nothing(guests):
    for name in "abc":
        await guests.arrive(name)
    guests.tasks["b"].cancel()
    await guests.settle()
    await guests.leave("a")
    assert guests.inside == ["a", "c"]


async def test_one_who_leaves_in_the_instant_of_being_called_passes_the_place_on(guests):
    for name in "abc":
        await guests.arrive(name)
    guests._doors["a"].set()
    while guests.tasks["a"].done() is False:
        await asyncio.sleep(0)
    guests.tasks["b"].cancel()
    await guests.settle()
    assert "c" in guests.inside


async def test_the_wait_is_measured(clock):
    admission = Admission(places=1, waiting=1, clock=clock)
    async with admission.place("gateway") as waited:
        assert waited == 0
        task = asyncio.create_task(_wait(admission))
        await asyncio.sleep(0)
        clock.advance(3)
    assert await task == 3


async def _wait(admission: Admission) -> float:
    async with admission.place("gateway") as waited:
        return waited
