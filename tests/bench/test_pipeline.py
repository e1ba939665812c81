"""What a message costs in the durable pipeline: accept → disk → turn → commit → push, at `synchronous=FULL`.

CPU is that of the whole process (loop, writer thread, system calls): messages/s on one core = 1 s ÷ CPU a message.
A real disk is written; how long it takes shows on the clock, not in the CPU.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import psutil
import uvloop

from doubles.conversations import ECHO, DeafInbox, StoredPrograms, echo_program
from ses.clock import SystemClock
from ses.conversations.conversations import Conversations
from ses.conversations.engine import ENGINE, Engine
from ses.conversations.inbound.rate_limit import Limits
from ses.conversations.lifecycle.robots import Robots
from ses.messages import Inbound
from ses.scenario.load import load_files
from ses.scenario.program.robot import Program
from ses.scenario.reading.files import RobotFiles
from ses.storage.sqlite.store import SqliteStore

AT_ONCE = 500
MESSAGES = 18_000
PER_SECOND = 2_000
"""Messages on one core that the pipeline must carry."""
HELD = 2_048
"""Bytes an idle session may take."""
GROWTH = 1.5
"""How much dearer a turn may be with 100,000 open sessions than with one."""


class Figures(NamedTuple):
    cpu: float
    """Microseconds a message."""
    wall: float
    """Messages a second on the clock."""
    held: float
    """Bytes of resident memory for each idle session."""


async def _quiet(conversations: Conversations) -> None:
    while conversations.stats().live:
        await asyncio.sleep(0.001)


class Talk:
    """Conversations out of which `AT_ONCE` at a time say their next line when the last one is durable."""

    def __init__(self, conversations: Conversations, robot: str, lines: Sequence[str]) -> None:
        self._conversations = conversations
        self._robot = robot
        self._lines = lines
        self._clock = SystemClock()
        self._said: dict[int, int] = {}

    async def say(self, session: int) -> None:
        number = self._said.get(session, 0)
        self._said[session] = number + 1
        await self._conversations.receive(
            Inbound(
                connector="web.site", session=f"{session:032d}", id=f"m{number}", robot=self._robot, channel="web",
                at=self._clock.now(), text=self._lines[number % len(self._lines)],
            )
        )  # fmt: skip

    async def lane(self, sessions: range, messages: int) -> None:
        for number in range(messages):
            await self.say(sessions[number % len(sessions)])


async def _measure(
    program: Program, engine: Engine, lines: Sequence[str], opened: int, messages: int, at_once: int
) -> Figures:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        store = SqliteStore(Path(folder) / "ses.db")
        await store.open()
        clock = SystemClock()
        robots = Robots(StoredPrograms(program), store, clock)
        await robots.reload()
        limits = Limits(messages=1e9, per=1.0, burst=1e9, idle=200_000)
        conversations = Conversations(
            store, robots, cast("Any", None), clock=clock, limits=limits, engine=engine
        )
        conversations.attach(DeafInbox())
        await conversations.start()
        talk = Talk(conversations, program.id, lines)
        gc.collect()
        before = psutil.Process().memory_info().rss
        for begin in range(0, opened, 1000):
            await asyncio.gather(*(talk.say(n) for n in range(begin, min(begin + 1000, opened))))
            await _quiet(conversations)
        gc.collect()
        grown = psutil.Process().memory_info().rss - before
        started, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(
            *(talk.lane(range(lane, opened, at_once), messages // at_once) for lane in range(at_once))
        )
        await _quiet(conversations)
        used, wall = time.process_time() - cpu, time.perf_counter() - started
        await conversations.stop()
        await store.close()
        return Figures(used / messages * 1e6, messages / wall, grown / opened)


def measure(
    program: Program,
    engine: Engine,
    lines: Sequence[str],
    *,
    opened: int,
    messages: int,
    at_once: int = AT_ONCE,
) -> Figures:
    return uvloop.run(_measure(program, engine, lines, opened, messages, min(at_once, opened)))


def load(source: str) -> Program:
    loaded = load_files(RobotFiles("bench", {"robot.yaml": source.encode()}))
    assert loaded.program is not None, loaded.errors[:3]
    return loaded.program


def test_the_order_dialogue_through_the_durable_pipeline(figure, order, lines):
    found = measure(load(order), ENGINE, lines, opened=AT_ONCE, messages=MESSAGES)
    name = f"the order through the durable pipeline, FULL, {AT_ONCE} dialogues"
    figure(name, found.cpu)
    figure(f"{name}: a second and core", 1e6 / found.cpu, PER_SECOND, "messages", least=True)
    figure(f"{name}: on the clock", found.wall, unit="messages/s", wall=True)


def test_a_turn_costs_the_same_with_a_hundred_thousand_open_sessions(figure, order, lines):
    """One conversation speaks at a time, each with the disk to itself; the others are open and idle."""
    program = load(order)
    costs = {}
    for opened in (1, 1_000, 100_000):
        costs[opened] = measure(program, ENGINE, lines, opened=opened, messages=3_000, at_once=1).cpu
        figure(f"a turn, one conversation at a time, {opened:,} sessions open", costs[opened])
    growth = max(costs.values()) / min(costs.values())
    figure("dearest ÷ cheapest of 1, 1,000, 100,000 open sessions", growth, GROWTH, "times")


def test_load_costs_the_same_and_an_idle_session_is_small(figure, order, lines):
    program = load(order)
    few = measure(program, ENGINE, lines, opened=1_000, messages=MESSAGES)
    many = measure(program, ENGINE, lines, opened=100_000, messages=MESSAGES)
    figure(f"a turn under load, {AT_ONCE} at once, 1,000 sessions open", few.cpu)
    figure(f"a turn under load, {AT_ONCE} at once, 100,000 sessions open", many.cpu)
    figure("under load: 100,000 ÷ 1,000 sessions open", many.cpu / few.cpu, GROWTH, "times")
    figure("an idle session that is held in memory, within an order", many.held, HELD, "bytes")


def test_what_the_pipeline_alone_costs(figure, lines):
    found = measure(echo_program(), ECHO, lines, opened=AT_ONCE, messages=MESSAGES)
    figure("the pipeline round a turn that only echoes", found.cpu)
