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
import pytest
import uvloop

from ses.clock import SystemClock
from ses.conversations.conversations import Conversations
from ses.conversations.engine import ENGINE, Engine
from ses.conversations.limits import Limits
from ses.conversations.robots import Robots
from ses.conversations.testing import ECHO, Inbox, Shelved, echo_program
from ses.messages import Inbound
from ses.scenario.load import load_files
from ses.scenario.program import Program
from ses.scenario.reading.files import RobotFiles
from ses.storage.sqlite.store import SqliteStore

AT_ONCE = 500
MESSAGES = 18_000
PER_SECOND = 2_000
"""Messages on one core that the pipeline must carry."""
HELD = 2_048
"""Bytes an idle session may take."""

ORDER = """
language: ru
entities:
  pizza: {values: {margherita: {label: Маргарита, forms: [маргарита]}, pepperoni: {label: Пепперони, forms: [пепперони]}}}
  size: {values: {small: {label: Маленькая, forms: [маленькая]}, large: {label: Большая, forms: [большая]}}}
slots:
  pizza: {type: pizza, ask: Какую пиццу?}
  size: {type: size, ask: {say: Какой размер?, buttons: choices}}
  address: {type: text, ask: Куда везти?}
flows:
  order:
    on: ["* (хочу|заказать) * [пицца] *"]
    needs: [pizza, size, address]
    steps:
      - set: {total: "{{ 590 if size == 'large' else 300 }}"}
      - confirm: "{{ pizza }}, {{ size }}, {{ address }}: {{ total }} ₽. Верно?"
      - say: Готово, везём!
  thanks:
    on: ["* спасибо *"]
    steps: [{say: Приятного аппетита!}]
"""
DIALOGUE = ("хочу пиццу", "маргариту", "большую", "Ленина 5", "да", "спасибо")


class Figures(NamedTuple):
    cpu: float
    """Microseconds a message."""
    wall: float
    """Messages a second on the clock."""
    held: float
    """Bytes of resident memory for each idle session."""


async def _nobody(conversation: object, message: object) -> None:
    """A push to nobody."""


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
    program: Program, engine: Engine, opened: int, messages: int, lines: Sequence[str]
) -> Figures:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        store = SqliteStore(Path(folder) / "ses.db")
        await store.open()
        clock = SystemClock()
        robots = Robots(Shelved(program), store, clock)
        await robots.reload()
        limits = Limits(messages=1e9, per=1.0, burst=1e9, held=200_000)
        conversations = Conversations(
            store, robots, cast("Any", None), clock=clock, limits=limits, engine=engine
        )
        inbox = Inbox()
        inbox.deliver = _nobody  # type: ignore[method-assign]
        conversations.attach(inbox)
        await conversations.start()
        talk = Talk(conversations, program.id, lines)
        gc.collect()
        before = psutil.Process().memory_info().rss
        for begin in range(0, opened, 1000):
            await asyncio.gather(*(talk.say(n) for n in range(begin, min(begin + 1000, opened))))
            await _quiet(conversations)
        gc.collect()
        grown = psutil.Process().memory_info().rss - before
        at_once = min(AT_ONCE, opened)
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
    program: Program, engine: Engine, *, opened: int, messages: int, lines: Sequence[str] = DIALOGUE
) -> Figures:
    return uvloop.run(_measure(program, engine, opened, messages, lines))


def order() -> Program:
    loaded = load_files(RobotFiles("bench", {"robot.yaml": ORDER.encode()}))
    assert loaded.program is not None, loaded.errors[:3]
    return loaded.program


def show(name: str, figures: Figures) -> None:
    print(
        f"\n{name}: {figures.cpu:.0f} µs CPU a message, {1e6 / figures.cpu:.0f} messages/s on one core"
        f" ({figures.wall:.0f}/s on the clock)"
    )


def test_the_order_dialogue_through_the_durable_pipeline():
    figures = measure(order(), ENGINE, opened=AT_ONCE, messages=MESSAGES)
    show(f"order of six messages, {AT_ONCE} dialogues", figures)
    assert 1e6 / figures.cpu >= PER_SECOND


def test_one_conversation_alone():
    """Two transactions a message, shared with nobody: the price of the disk."""
    figures = measure(order(), ENGINE, opened=1, messages=600)
    show("one dialogue alone", figures)


def test_the_cost_does_not_grow_with_open_sessions():
    few = measure(echo_program(), ECHO, opened=1_000, messages=MESSAGES)
    show("echo, 1,000 sessions open", few)
    many = measure(echo_program(), ECHO, opened=100_000, messages=MESSAGES)
    show("echo, 100,000 sessions open", many)
    print(f"{many.cpu / few.cpu:.2f} times the smaller (budget 1.5)")
    assert many.cpu <= 1.5 * few.cpu


@pytest.mark.parametrize("opened", [20_000])
def test_what_an_idle_session_holds(opened):
    """After the first message of an order: the session is in memory, encoded, with its mailbox."""
    figures = measure(order(), ENGINE, opened=opened, messages=AT_ONCE)
    print(f"\n{figures.held:.0f} bytes a session held (budget {HELD})")
    assert figures.held <= HELD
