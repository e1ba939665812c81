"""An engine's life: loading, dying, coming back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import pytest

from doubles.llm import ScriptedEngine
from ses.clock import VirtualClock
from ses.llm.errors import EngineDied, EngineError, EngineUnavailable
from ses.llm.supervised import FIRST_PAUSE, LONGEST_PAUSE, STABLE, Load, SupervisedEngine


class Core(ScriptedEngine):
    """A core that lives until the test ends it."""

    max_model_len = 512

    def __init__(self) -> None:
        super().__init__(lambda request: "Hello there")
        self._end = asyncio.Event()
        self.closed = False

    def load(self) -> Load:
        return Load(running=1, waiting=2, kv_use=0.5)

    def die(self) -> None:
        self._end.set()

    async def died(self) -> str:
        await self._end.wait()
        return "its process ended"

    async def close(self) -> None:
        self.closed = True


class Pauses(VirtualClock):
    """A clock on which pauses are over at once, until the test says `hold`; it notes them."""

    def __init__(self) -> None:
        super().__init__(0, autojump=True)
        self.pauses: list[float] = []
        self.hold = False

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if self.hold:
            await asyncio.Event().wait()
        await super().sleep(seconds)


class Workshop:
    """Builds cores, or fails to."""

    def __init__(self) -> None:
        self.cores: list[Core] = []
        self.failures: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.clock = Pauses()

    async def build(self) -> Core:
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.cores.append(Core())
        return self.cores[-1]


@pytest.fixture
async def workshop():
    return Workshop()


@pytest.fixture
async def engine(workshop):
    made = SupervisedEngine("tiny", "chat", workshop.build, clock=workshop.clock)
    yield made
    await made.stop()
    assert all(core.closed for core in workshop.cores)


def are_up_to(pauses: list[float], *longest: float) -> None:
    """Chance takes up to half of each pause."""
    assert len(pauses) == len(longest)
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, longest, strict=True)), pauses


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0)


async def test_it_starts_without_making_anyone_wait(workshop, engine, question):
    workshop.gate.clear()
    await engine.start()
    assert engine.state().phase == "starting"
    assert [model.name for model in engine.models()] == ["tiny"]
    with pytest.raises(EngineUnavailable, match="loading"):
        await engine.chat(question())
    workshop.gate.set()
    await until(lambda: engine.state().ready)
    assert (await engine.chat(question())).text == "Hello there"
    assert engine.models()[0].max_model_len == 512
    assert (engine.state().running, engine.state().waiting, engine.state().kv_use) == (1, 2, 0.5)


async def test_it_comes_back_after_its_death_and_says_so_meanwhile(workshop, engine, question):
    await engine.start()
    await until(lambda: engine.state().ready)
    workshop.gate.clear()
    workshop.cores[0].die()
    await until(lambda: not engine.state().ready)
    assert engine.state().phase == "restarting"
    assert "its process ended" in engine.state().reason
    with pytest.raises(EngineUnavailable):
        async with aclosing(engine.stream_chat(question())) as chunks:
            await anext(chunks)
    workshop.gate.set()
    await until(lambda: engine.state().ready)
    assert engine.state().restarts == 1
    assert workshop.cores[0].closed


async def test_starts_that_fail_are_tried_again_ever_later(workshop, engine):
    workshop.failures = [EngineError("there is no such folder")] * 9
    await engine.start()
    await until(lambda: engine.state().ready)
    assert (FIRST_PAUSE, LONGEST_PAUSE) == (1, 60)
    are_up_to(workshop.clock.pauses, 1, 2, 4, 8, 16, 32, 60, 60, 60)


async def test_why_it_cannot_start_is_told(workshop, engine, question):
    workshop.failures = [EngineError("there is no such folder")]
    workshop.clock.hold = True
    await engine.start()
    await until(lambda: engine.state().phase == "failed")
    with pytest.raises(EngineUnavailable, match="no such folder"):
        await engine.chat(question())


async def test_one_that_lived_long_is_started_again_soon(workshop, engine):
    workshop.failures = [EngineError("x")] * 3
    await engine.start()
    await until(lambda: engine.state().ready)
    workshop.clock.advance(STABLE)
    workshop.cores[0].die()
    await until(lambda: len(workshop.cores) == 2)
    are_up_to(workshop.clock.pauses, 1, 2, 4, 1)


async def test_prompts_are_cached_now_and_after_a_restart(workshop, engine, question):
    await engine.start()
    await until(lambda: engine.state().ready)
    engine.cache_prompts("robot", [question("You are a shop.", max_tokens=900)])
    await until(lambda: workshop.cores[0].asked)
    assert workshop.cores[0].asked[0].max_tokens == 1
    assert workshop.cores[0].asked[0].priority == "batch"
    workshop.cores[0].die()
    await until(lambda: len(workshop.cores) == 2 and workshop.cores[1].asked)


async def test_a_lazy_one_loads_at_the_first_request(workshop, question):
    engine = SupervisedEngine("tiny", "chat", workshop.build, clock=workshop.clock, preload=False)
    await engine.start()
    await asyncio.sleep(0)
    assert not workshop.cores
    with pytest.raises(EngineUnavailable):
        await engine.chat(question())
    await until(lambda: engine.state().ready)
    await engine.stop()


async def test_stopping_while_it_loads(workshop, engine):
    workshop.gate.clear()
    await engine.start()
    await asyncio.sleep(0)
    await engine.stop()
    assert engine.state().phase == "stopped"


async def test_what_breaks_off_is_not_swallowed(workshop, engine, question):
    await engine.start()
    await until(lambda: engine.state().ready)
    workshop.cores[0]._script = lambda request: EngineDied("gone")
    with pytest.raises(EngineDied):
        await engine.chat(question())
