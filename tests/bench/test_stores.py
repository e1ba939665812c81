"""The durable pipeline on both stores in one run: SQLite at `synchronous=FULL`, PostgreSQL with `fsync` on, beside each other
on this machine's disk.

A message is an `accept` and a `commit` with an answer, as the pipeline makes them: `AT_ONCE` conversations, each says its next
line when the last one is answered durably. CPU is the daemon's; that of the server's processes is told beside it.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import psutil
import uvloop

from doubles.conversations import ECHO, DeafInbox, StoredPrograms, echo_program
from doubles.postgres import Server
from ses.clock import SystemClock
from ses.conversations.conversations import Conversations
from ses.conversations.inbound.rate_limit import Limits
from ses.conversations.lifecycle.robots import Robots
from ses.messages import Inbound
from ses.storage.contract import Store
from ses.storage.postgres.store import PostgresStore
from ses.storage.sqlite.store import SqliteStore

AT_ONCE = 500
MESSAGES = 10_000
ROUNDS = 3


class Figures(NamedTuple):
    cpu: float
    """Microseconds of the daemon for a message."""
    server: float
    """Microseconds of the database's server for a message."""
    wall: float
    """Messages a second on the clock."""
    alone: float
    """Milliseconds of a message when nobody else speaks."""


def _server_seconds(server: Server | None) -> float:
    if server is None:
        return 0.0
    processes = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in processes)


@asynccontextmanager
async def _pipeline(store: Store) -> AsyncIterator[Conversations]:
    await store.open()
    clock, program = SystemClock(), echo_program()
    robots = Robots(StoredPrograms(program), store, clock)
    await robots.reload()
    limits = Limits(messages=1e9, per=1.0, burst=1e9, idle=200_000)
    conversations = Conversations(store, robots, cast("Any", None), clock=clock, limits=limits, engine=ECHO)
    conversations.attach(DeafInbox())
    await conversations.start()
    try:
        yield conversations
    finally:
        await conversations.stop()
        await store.close()


async def _measure(store: Store, server: Server | None) -> Figures:
    async with _pipeline(store) as conversations:
        robot = echo_program().id

        async def lane(session: str, messages: int, first: int = 0) -> None:
            for number in range(first, first + messages):
                await conversations.receive(
                    Inbound(
                        connector="web.site", session=session, id=f"m{number}", robot=robot, channel="web", at=0.0,
                        text="a line of a usual length, in letters",
                    )
                )  # fmt: skip

        async def quiet() -> None:
            while conversations.stats().live:
                await asyncio.sleep(0.001)

        await asyncio.gather(*(lane(f"{number:032d}", 2) for number in range(AT_ONCE)))
        await quiet()
        server_before, cpu, wall = _server_seconds(server), time.process_time(), time.perf_counter()
        await asyncio.gather(*(lane(f"{number:032d}", MESSAGES // AT_ONCE, 2) for number in range(AT_ONCE)))
        await quiet()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        served = _server_seconds(server) - server_before
        started = time.perf_counter()
        await lane("alone", 200)
        await quiet()
        alone = time.perf_counter() - started
        return Figures(cpu / MESSAGES * 1e6, served / MESSAGES * 1e6, MESSAGES / wall, alone / 200 * 1e3)


def _show(name: str, all_figures: list[Figures]) -> Figures:
    figures = Figures(*(statistics.median(column) for column in zip(*all_figures, strict=True)))
    print(
        f"\n{name}: {figures.cpu:.0f} µs CPU a message in the daemon, {figures.server:.0f} µs in the server,"
        f" {figures.wall:.0f} durable messages/s, {figures.alone:.2f} ms a message alone"
    )
    return figures


def test_both_stores_in_one_run():
    sqlite, postgres = [], []
    server = Server("shared_buffers=128MB")
    try:
        server.start()
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
                sqlite.append(uvloop.run(_measure(SqliteStore(Path(folder) / "ses.db"), None)))
                url = asyncio.run(server.new_database())
                postgres.append(uvloop.run(_measure_postgres(url, Path(folder) / "mark", server)))
    finally:
        server.remove()
    print(f"\nmedians of {ROUNDS} alternating rounds, {AT_ONCE} conversations, {MESSAGES} messages each")
    embedded, served = _show("SQLite", sqlite), _show("PostgreSQL", postgres)
    print(f"PostgreSQL: {served.cpu / embedded.cpu:.2f} times the CPU of the daemon")
    assert served.cpu <= 2 * embedded.cpu
    assert served.wall >= 1_000


async def _measure_postgres(url: str, mark: Path, server: Server) -> Figures:
    return await _measure(PostgresStore(url, SystemClock(), in_flight=mark), server)
