"""What a message costs in the durable pipeline: accept → disk → turn → commit → push, at `synchronous=FULL`.

    .venv/bin/python tests/bench/pipeline.py [--open N] [--at-once N] [--messages N]

CPU is that of the whole process (loop, writer thread, system calls), so messages/s on one core = 1 s ÷ CPU a message.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import psutil
import uvloop

from ses.clock import SystemClock
from ses.conversations.conversations import Conversations
from ses.conversations.limits import Limits
from ses.conversations.robots import Robots
from ses.conversations.testing import ECHO, Inbox, Shelved, echo_program
from ses.messages import Inbound
from ses.storage.sqlite.store import SqliteStore

FREE = Limits(messages=1e9, per=1.0, burst=1e9, held=200_000)


class Talk:
    """`at_once` conversations out of `open`, each sending its next message when the last was answered."""

    def __init__(self, conversations: Conversations, inbox: Inbox, clock: SystemClock) -> None:
        self.conversations = conversations
        self.inbox = inbox
        self.clock = clock

    async def say(self, session: int, number: int) -> None:
        await self.conversations.receive(
            Inbound(
                connector="web.site", session=f"session-{session:022d}", id=f"m{number}", robot="echo", channel="web",
                at=self.clock.now(), text="Хочу большую пиццу, пожалуйста",
            )
        )  # fmt: skip

    async def lane(self, lane: int, at_once: int, opened: int, messages: int, counter: list[int]) -> None:
        session = lane
        while counter[0] < messages:
            counter[0] += 1
            await self.say(session, counter[0])
            session = (session + at_once) % opened if opened > at_once else lane


async def measure(opened: int, at_once: int, messages: int, held: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        store = SqliteStore(Path(folder) / "ses.db")
        await store.open()
        clock = SystemClock()
        robots = Robots(Shelved(echo_program()), store, clock)
        await robots.reload()
        limits = Limits(messages=1e9, per=1.0, burst=1e9, held=held)
        conversations = Conversations(store, robots, cast("Any", None), clock=clock, limits=limits, engine=ECHO)
        inbox = Inbox()
        inbox.deliver = _drop  # type: ignore[method-assign]
        conversations.attach(inbox)
        await conversations.start()
        talk = Talk(conversations, inbox, clock)
        before = psutil.Process().memory_info().rss
        for begin in range(0, opened, 1000):
            await asyncio.gather(*(talk.say(n, -1) for n in range(begin, min(begin + 1000, opened))))
        await _quiet(conversations)
        gc.collect()
        grown = psutil.Process().memory_info().rss - before
        started, cpu = time.perf_counter(), time.process_time()
        counter = [0]
        await asyncio.gather(
            *(talk.lane(n, at_once, opened, messages, counter) for n in range(min(at_once, opened)))
        )
        await _quiet(conversations)
        wall, used = time.perf_counter() - started, time.process_time() - cpu
        await conversations.stop()
        await store.close()
        return {"open": opened, "cpu": used / messages * 1e6, "wall": messages / wall, "held": grown / opened}


async def _drop(conversation: object, message: object) -> None:
    """A push to nobody."""


async def _quiet(conversations: Conversations) -> None:
    while conversations.stats().live:
        await asyncio.sleep(0.001)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--open", type=int, nargs="*", default=[1, 1_000, 100_000])
    arguments.add_argument("--at-once", type=int, default=500)
    arguments.add_argument("--messages", type=int, default=20_000)
    arguments.add_argument("--held", type=int, default=20_000)
    chosen = arguments.parse_args()
    for opened in chosen.open:
        messages = chosen.messages if opened > 1 else 1_000
        result = uvloop.run(measure(opened, chosen.at_once, messages, chosen.held))
        print(
            f"{opened:>7} sessions open: {result['cpu']:6.1f} µs CPU a message, {1e6 / result['cpu']:7.0f} messages/s"
            f" on one core, {result['wall']:7.0f}/s on the clock, {result['held']:6.0f} bytes a session held"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
