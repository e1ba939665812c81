"""Who goes next when the engine is full."""

from __future__ import annotations

import asyncio

import pytest

from ses.clock import VirtualClock
from ses.llm.admission import AdmissionControl
from ses.llm.errors import EngineBusy
from ses.llm.requests import Priority


class Requests:
    """Requests that run until they are ended."""

    def __init__(self, admission: AdmissionControl) -> None:
        self._admission = admission
        self.running: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def arrive(self, name: str, priority: Priority = "gateway") -> None:
        self._ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._run(name, priority))
        await self.settle()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def _run(self, name: str, priority: Priority) -> None:
        async with self._admission.admitted(priority):
            self.running.append(name)
            await self._ends[name].wait()


@pytest.fixture
async def clock():
    return VirtualClock(0)


@pytest.fixture
async def requests(clock):
    made = Requests(AdmissionControl(concurrency=1, waiting=2, clock=clock))
    yield made
    for task in made.tasks.values():
        task.cancel()
    await asyncio.gather(*made.tasks.values(), return_exceptions=True)
    assert made._admission.running == made._admission.waiting == 0


async def test_first_come_first_served_within_a_priority(requests):
    for name in "abc":
        await requests.arrive(name)
    await requests.end("a")
    await requests.end("b")
    assert requests.running == ["a", "b", "c"]


async def test_a_person_goes_before_a_client_and_a_client_before_a_batch(requests):
    await requests.arrive("first")
    await requests.arrive("batch", "batch")
    await requests.arrive("person", "conversation")
    await requests.end("first")
    assert requests.running == ["first", "person"]
    await requests.end("person")
    assert requests.running[-1] == "batch"


async def test_when_the_queue_is_full_callers_are_told_to_come_later(requests):
    for name in "abc":
        await requests.arrive(name)
    await requests.arrive("d")
    with pytest.raises(EngineBusy) as raised:
        await requests.tasks["d"]
    assert 1 <= raised.value.retry_after <= 60


async def test_a_person_takes_the_place_in_the_queue_of_the_latest_of_the_least_urgent(requests):
    await requests.arrive("a")
    await requests.arrive("client")
    await requests.arrive("batch", "batch")
    await requests.arrive("person", "conversation")
    with pytest.raises(EngineBusy):
        await requests.tasks["batch"]
    await requests.arrive("other", "batch")
    with pytest.raises(EngineBusy):
        await requests.tasks["other"]
    await requests.end("a")
    assert requests.running[-1] == "person"


async def test_one_who_leaves_while_waiting_costs_nothing(requests):
    for name in "abc":
        await requests.arrive(name)
    requests.tasks["b"].cancel()
    await requests.settle()
    await requests.end("a")
    assert requests.running == ["a", "c"]


async def test_one_who_leaves_in_the_instant_of_being_called_lets_the_next_run(requests):
    for name in "abc":
        await requests.arrive(name)
    requests._ends["a"].set()
    while requests.tasks["a"].done() is False:
        await asyncio.sleep(0)
    requests.tasks["b"].cancel()
    await requests.settle()
    assert "c" in requests.running


async def test_the_wait_is_measured(clock):
    admission = AdmissionControl(concurrency=1, waiting=1, clock=clock)
    async with admission.admitted("gateway") as waited:
        assert waited == 0
        task = asyncio.create_task(_wait(admission))
        await asyncio.sleep(0)
        clock.advance(3)
    assert await task == 3


async def _wait(admission: AdmissionControl) -> float:
    async with admission.admitted("gateway") as waited:
        return waited
