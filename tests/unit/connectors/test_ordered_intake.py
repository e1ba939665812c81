"""Handing in: what is refused is kept and tried again, in order, and conversations begin once."""

from __future__ import annotations

import asyncio

import pytest

from ses.clock import VirtualClock
from ses.connectors.contract import Refused
from ses.connectors.ordered_intake import HELD, OrderedIntake
from ses.connectors.status import ConnectionStatus
from ses.connectors.testing import MemoryReception
from ses.messages import Conversation, Inbound

ANN = Conversation("vk.shop", "1")
NORTH = {"shop": "north"}


def inbound(id: str, session: str = "1") -> Inbound:
    return Inbound(connector="vk.shop", session=session, id=id, robot="r", channel="vk", at=1.0, text=id)


class Patient(VirtualClock):
    """Notes what is slept."""

    def __init__(self, **given):
        super().__init__(1.8e9, **given)
        self.slept: list[float] = []

    async def sleep(self, seconds):
        self.slept.append(seconds)
        await super().sleep(seconds)


@pytest.fixture
def reception():
    return MemoryReception(lambda inbound: ())


@pytest.fixture
def clock():
    return Patient(autojump=True)


@pytest.fixture
def status(clock):
    return ConnectionStatus("vk.shop", "r", "longpoll", clock)


@pytest.fixture
def intake(reception, status, clock):
    return OrderedIntake(reception, status, clock)


def ids(reception):
    return [one.id for one in reception.received]


class TestRefusals:
    async def test_what_is_refused_is_handed_in_again_and_nothing_overtakes_it(
        self, reception, intake, clock
    ):
        reception.refusals = [
            Refused("flood", "slower", 3.0),
            OSError("the disk"),
            Refused("busy", "full", 2.0),
        ]
        stored = [intake.enter(inbound(str(number))) for number in range(3)]
        assert await asyncio.gather(*stored) == [True, True, True]
        assert ids(reception) == ["0", "1", "2"]
        assert (clock.slept[0], clock.slept[2]) == (3.0, 2.0)
        assert 0.5 <= clock.slept[1] <= 1.0

    async def test_pauses_grow_while_the_reception_is_broken(self, reception, intake, clock):
        reception.refusals = [OSError("the disk")] * 9
        assert await intake.enter(inbound("a"))
        assert all(at_least <= pause <= 2 * at_least for at_least, pause in zip((0.5, 1, 2, 4, 8, 16, 30, 30, 30), clock.slept, strict=True))  # fmt: skip

    async def test_while_one_waits_everybody_else_is_heard(self, reception, status):
        clock = VirtualClock(0.0)
        intake = OrderedIntake(reception, status, clock)
        reception.refusing[ANN] = Refused("flood", "slower", 5.0)
        waiting = [intake.enter(inbound(str(number))) for number in range(3)]
        assert await intake.enter(inbound("hello", "2"))
        assert ids(reception) == ["hello"]
        assert (clock.sleepers, intake.waiting) == ((5.0,), 3)
        del reception.refusing[ANN]
        clock.advance(5.0)
        assert await asyncio.gather(*waiting) == [True] * 3
        assert ids(reception) == ["hello", "0", "1", "2"]

    async def test_what_is_refused_for_good_is_told_counted_and_done_with(self, reception, intake, status):
        reception.refusals = [Refused("unknown_robot", "none")]
        assert await intake.enter(inbound("a")) is False
        assert await intake.enter(inbound("b")) is True
        assert (status.state().errors, status.state().received) == (1, 1)

    async def test_what_is_brought_again_while_it_waits_is_one_message(self, reception, status):
        clock = VirtualClock(0.0)
        intake = OrderedIntake(reception, status, clock)
        reception.refusals = [Refused("busy", "full", 5.0)]
        first, again = intake.enter(inbound("a")), intake.enter(inbound("a"))
        assert first is again
        await asyncio.sleep(0)
        clock.advance(5.0)
        assert await first
        assert (ids(reception), status.state().received) == (["a"], 1)

    async def test_a_flood_of_one_person_is_bounded_and_what_is_dropped_is_counted(self, reception, status):
        intake = OrderedIntake(reception, status, VirtualClock(0.0))
        reception.refusing[ANN] = Refused("flood", "slower", 1000.0)
        flood = [intake.enter(inbound(str(number))) for number in range(HELD + 2)]
        assert await asyncio.gather(*flood[HELD:]) == [False, False]
        assert not intake.has_room("1")
        assert await intake.enter(inbound("one too many")) is False
        assert await intake.enter(inbound("hello", "2")) is True
        assert (intake.waiting, status.state().errors) == (HELD, 3)
        await intake.close()
        assert all(one.cancelled() for one in flood[:HELD])

    async def test_nothing_is_dropped_but_of_a_flood(self, reception, status):
        clock = VirtualClock(0.0)
        intake = OrderedIntake(reception, status, clock)
        reception.refusing[ANN] = Refused("busy", "the store is away", 5.0)
        many = [intake.enter(inbound(str(number))) for number in range(3 * HELD)]
        await asyncio.sleep(0)
        del reception.refusing[ANN]
        clock.advance(5.0)
        assert all(await asyncio.gather(*many))
        assert ids(reception) == [str(number) for number in range(3 * HELD)]


class TestBeginning:
    @pytest.fixture
    def intake(self, reception, status, clock):
        return OrderedIntake(reception, status, clock, variables=NORTH)

    def brought(self, reception):
        return [one.variables for one in reception.received]

    async def test_of_two_first_messages_at_once_one_brings_the_variables(self, reception, intake):
        await asyncio.gather(intake.enter(inbound("a")), intake.enter(inbound("b")))
        assert self.brought(reception) == [NORTH, {}]

    async def test_each_conversation_begins_for_itself(self, reception, intake):
        await asyncio.gather(intake.enter(inbound("a")), intake.enter(inbound("b", "2")))
        assert self.brought(reception) == [NORTH, NORTH]

    async def test_after_a_restart_it_has_begun_already(self, reception, intake, status, clock):
        await intake.enter(inbound("a"))
        after = OrderedIntake(reception, status, clock, variables=NORTH)
        await after.enter(inbound("b"))
        assert self.brought(reception) == [NORTH, {}]

    async def test_the_first_one_is_the_first_that_is_stored(self, reception, intake):
        reception.refusals = [Refused("busy", "full", 1.0), Refused("unknown_robot", "none")]
        assert await asyncio.gather(*(intake.enter(inbound(id)) for id in "abc")) == [False, True, True]
        assert self.brought(reception) == [NORTH, {}]

    async def test_without_variables_nobody_is_asked_whether_it_has_begun(self, reception, status, clock):
        reception.has_begun = None
        assert await OrderedIntake(reception, status, clock).enter(inbound("a"))

    async def test_whether_it_is_wanted_is_asked_when_what_came_before_is_stored(self, reception, intake):
        def goes_on(begun):
            return begun

        stored = [intake.enter(inbound("leave"), wanted=goes_on), intake.enter(inbound("a")), intake.enter(inbound("leaves"), wanted=goes_on)]  # fmt: skip
        assert await asyncio.gather(*stored) == [False, True, True]
        assert ids(reception) == ["a", "leaves"]
