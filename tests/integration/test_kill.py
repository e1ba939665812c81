"""SIGKILL at random instants of the real daemon, under load through the websocket.

Each visitor counts: the robot adds one to a variable with every message and says the number, so a message lost,
answered twice, run twice or out of order shows in the visitor's own window. Every fifth message makes an `http` call,
so that turns die between two legs too.

`SES_KILL_ROUNDS=100 pytest tests/integration/test_kill.py -s` runs as many rounds as you like.
"""

import asyncio
import itertools
import os
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import aiohttp
import pytest

from doubles.postgres import Server, cut
from doubles.web import Closed, Page, pages

from .daemon import Daemon, free_port

ROUNDS = int(os.environ.get("SES_KILL_ROUNDS", "8"))
VISITORS = int(os.environ.get("SES_KILL_VISITORS", "40"))
SEED = int(os.environ.get("SES_KILL_SEED", str(random.SystemRandom().randrange(10**6))))
AHEAD = 3
"""Messages a visitor sends without waiting for acknowledgements."""

ROBOT = """
id: counter
language: en
variables: {n: 0}
flows:
  call:
    on: [{command: call}]
    steps:
      - set: {n: {add: 1}}
      - say: "{{ n }}: calling"
      - http: {post: "http://127.0.0.1:PORT/ses/testapi/slow", json: {n: "{{ n }}"}, save: answer}
      - say: "{{ n }}: {{ answer.said }}"
  count:
    steps:
      - set: {n: {add: 1}}
      - say: "{{ n }}: {{ message.text }}"
events:
  fallback: count
"""


def counter(folder, **config):
    """A daemon with the robot that counts, and with what it calls."""
    port = free_port()
    (folder / "testapi").mkdir()
    (folder / "testapi" / "slow.reply").write_text('{"said": "called"}')
    (folder / "testapi" / "slow.meta.yaml").write_text("delay: 0.02\n")
    config = {
        "port": port,
        "limits": {"flood": {"messages": 1_000_000, "per": 1, "burst": 1_000_000}},
        "connectors": {
            "web": {"site": {"token": "t", "robot": "counter", "origins": ["https://site.example"]}}
        },
        **config,
    }
    robots = {"counter": ROBOT.replace("PORT", str(port))}
    return Daemon(folder, config, robots=robots, answers=[f"http://127.0.0.1:{port}/live"])


def expected(texts):
    """What a visitor who said all this must have been shown."""
    shown = []
    for number, text in enumerate(texts, 1):
        shown += [f"{number}: calling", f"{number}: called"] if text == "/call" else [f"{number}: {text}"]
    return shown


@dataclass
class Visitor:
    """Behaves as the page does: keeps what is not acknowledged, and sends it again under the same id."""

    name: int
    page: Page
    chance: random.Random
    said: list = field(default_factory=list)
    unsent: dict = field(default_factory=dict)
    gaps: list = field(default_factory=list)
    leaving: bool = False

    async def live(self):
        while True:
            try:
                await self.visit()
                return
            except (Closed, OSError, aiohttp.ClientError, TimeoutError):
                await self.page.close()
                await asyncio.sleep(self.chance.uniform(0.01, 0.1))

    async def visit(self):
        try:
            await self.page.connect()
        except (
            AssertionError
        ) as unwelcome:  # an `error`: nothing can be read at the moment; a page comes back
            raise Closed(None) from unwelcome
        if len(self.page.shown) != self.page.after:
            self.gaps.append(sorted(self.page.shown))
        for id, text in self.unsent.items():
            await self.page.say(text, id)
        while not (self.leaving and not self.unsent and len(self.page.shown) >= len(expected(self.said))):
            while len(self.unsent) < AHEAD and not self.leaving:
                await self.say()
            frame = await self.page.receive(seconds=20)
            if frame["type"] == "ack":
                self.unsent.pop(frame["id"], None)
            elif frame["type"] == "error":
                await asyncio.sleep(frame.get("retry_after", 0.1))
                for id, text in self.unsent.items():
                    await self.page.say(text, id)
            elif frame["type"] == "message":
                await asyncio.sleep(self.chance.uniform(0, 0.02))

    async def say(self):
        text = "/call" if len(self.said) % 5 == 4 else f"{self.name} says {len(self.said)}"
        id = f"{self.name}-{len(self.said)}"
        self.said.append(text)
        self.unsent[id] = text
        await self.page.say(text, id)


async def play(daemon, disturb, rounds):
    """Visitors talk while `disturb` does its worst, `rounds` times; then all must be right."""
    await daemon.launch()
    try:
        async with pages(daemon.site, "site", "t", origin="https://site.example") as page:
            visitors = [
                Visitor(number, page(), random.Random(f"{SEED}/{number}")) for number in range(VISITORS)
            ]
            tasks = [asyncio.create_task(visitor.live()) for visitor in visitors]
            for _ in range(rounds):
                await daemon.up()
                await disturb()
            await daemon.up()
            await asyncio.sleep(0.5)
            for visitor in visitors:
                visitor.leaving = True
            done, late = await asyncio.wait(tasks, timeout=60)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await daemon.end()
    finally:
        await daemon.kill()
    said = sum(len(visitor.said) for visitor in visitors)
    print(
        f"\n{rounds} rounds, {VISITORS} visitors, {said} messages acknowledged, seed {SEED}, {len(late)} unanswered"
    )
    for visitor in visitors:
        shown = [visitor.page.shown[seq]["text"] for seq in sorted(visitor.page.shown)]
        assert shown == expected(visitor.said), f"seed {SEED}, visitor {visitor.name}"
        assert visitor.page.twice == [], f"seed {SEED}: shown twice"
        assert visitor.gaps == [], f"seed {SEED}: something was missing after a break"
        assert set(visitor.page.acknowledged) >= {f"{visitor.name}-{n}" for n in range(len(visitor.said))}
    for task in done:
        task.result()


async def a_while(chance):
    """Most blows hit the daemon at work, some while it still takes up what the last one left."""
    await asyncio.sleep(chance.choice((chance.uniform(0, 0.1), chance.uniform(0.1, 1.0))))


@pytest.mark.slow
async def test_a_daemon_killed_at_any_instant_loses_nothing_and_repeats_nothing(tmp_path):
    chance, daemon = random.Random(SEED), counter(tmp_path)

    async def kill():
        await a_while(chance)
        await daemon.kill()
        await daemon.launch()

    await play(daemon, kill, ROUNDS)


@pytest.mark.slow
async def test_neither_deaths_of_the_daemon_nor_of_postgresql_lose_or_repeat_anything(tmp_path):
    """In turn: SIGKILL of the daemon, a restart of the server, its crash, its connections cut off."""
    chance, server = random.Random(SEED), Server("fsync=off")
    try:
        server.start()
        url = await server.new_database()
        daemon = counter(tmp_path, storage={"url": url})
        blows: Iterator[Literal["kill", "cut"] | signal.Signals] = itertools.cycle(
            ("kill", signal.SIGINT, signal.SIGQUIT, "cut")
        )

        async def strike():
            await a_while(chance)
            match next(blows):
                case "kill":
                    await daemon.kill()
                    await daemon.launch()
                case "cut":
                    await cut(server, url)
                case how:
                    await asyncio.to_thread(server.stop, how)
                    await asyncio.to_thread(server.start)

        await play(daemon, strike, max(ROUNDS, 8))
    finally:
        server.remove()
