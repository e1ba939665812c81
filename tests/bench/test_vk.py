"""What a message of VK costs the daemon's process: Callback API in, a call of the API out, everything stored between.

VK and its users are another process. The robot echoes, so the figure is the way there and back. The community's eighteen
calls a second are kept, as they are in life: under load a call carries up to 25 messages. Where many communities have
little to say each, most messages are calls of their own: the second figure.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import tempfile
import time
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import uvloop
from aiohttp import ClientSession, TCPConnector, web

DIALOGUES = 200
MESSAGES = 6_000
BUDGET = 650
"""Microseconds a message."""
COMMUNITIES, PEOPLE, GAP = 20, 2, 0.25
"""Communities in which few people talk, and seconds between the messages of one."""
SECRET = "a-secret"


def serve(pipe: Connection, apis: list[str], token: str) -> None:
    """The daemon's side: pipeline, store, connectors and listener."""
    from doubles.conversations import ECHO, StoredPrograms, echo_program
    from ses.clock import SystemClock
    from ses.connectors.vk.config import Settings
    from ses.connectors.vk.connector import VkConnector
    from ses.connectors.webhooks import WebhookRoutes
    from ses.conversations.conversations import Conversations
    from ses.conversations.inbound.rate_limit import Limits
    from ses.conversations.lifecycle.robots import Robots
    from ses.storage.sqlite.store import SqliteStore

    async def main() -> None:
        clock = SystemClock()
        store = SqliteStore(Path(tempfile.mkdtemp()) / "ses.db")
        await store.open()
        robots = Robots(StoredPrograms(echo_program()), store, clock)
        await robots.reload()
        free = Limits(messages=1e6, per=1.0, burst=1e6)
        conversations = Conversations(store, robots, cast("Any", None), clock=clock, limits=free, engine=ECHO)
        connectors: dict[str, VkConnector] = {}
        for number, api in enumerate(apis):
            settings = Settings(
                f"shop{number}", "echo", 77 + number, token,
                mode="callback", confirmation="c0de", secret=SECRET, api=api,
            )  # fmt: skip
            connector = VkConnector(settings, robot_folder=lambda: None, clock=clock)
            connectors[connector.name] = connector
            conversations.attach(connector)
        listener = web.Application()
        listener.add_routes(WebhookRoutes(connectors).routes())
        runner = web.AppRunner(listener, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await conversations.start()
        for connector in connectors.values():
            await connector.start(conversations)
        while any(one.state().condition != "connected" for one in connectors.values()):
            await asyncio.sleep(0.01)
        pipe.send(f"http://127.0.0.1:{runner.addresses[0][1]}/hook/vk")
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, pipe.recv):
            times = os.times()
            pipe.send(times.user + times.system)
        for connector in connectors.values():
            await connector.refuse()
        await conversations.stop(5.0)
        for connector in connectors.values():
            await connector.stop()
        await runner.cleanup()
        await store.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def measured(communities: int, people: int, each: int, gap: float) -> float:
    """Processor seconds a message. `people` in each community write `each` messages, each person one every `gap` seconds."""
    from doubles.vk import FakeVk, running

    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    loop = asyncio.get_running_loop()

    async def cpu() -> float:
        mine.send(True)
        seconds: float = await loop.run_in_executor(None, mine.recv)
        return seconds

    async with AsyncExitStack() as stack:
        fakes = [FakeVk(group_id=77 + number, now=time.time, rate=20) for number in range(communities)]
        for fake in fakes:
            await stack.enter_async_context(running(fake))
        http = await stack.enter_async_context(ClientSession(connector=TCPConnector(limit=0)))
        server = context.Process(target=serve, args=(theirs, [fake.url for fake in fakes], fakes[0].token))
        await loop.run_in_executor(None, server.start)
        hook = await loop.run_in_executor(None, mine.recv)

        async def talk(number: int, person: int, messages: int, pause: float) -> None:
            for _ in range(messages):
                _, event = fakes[number].written(person, "хочу большую пиццу")
                async with http.post(f"{hook}/shop{number}", json={**event, "secret": SECRET}) as answer:
                    assert await answer.text() == "ok"
                await asyncio.sleep(pause)

        async def all_talk(messages: int, pause: float) -> None:
            wanted = len(fakes[0].texts(1000)) + messages
            await asyncio.gather(
                *(
                    talk(number, 1000 + person, messages, pause)
                    for number in range(communities)
                    for person in range(people)
                )
            )
            for fake in fakes:
                for person in range(people):
                    await fake.said(1000 + person, wanted, seconds=120)

        try:
            await all_talk(2, 0)  # warm
            before = await cpu()
            await all_talk(each, gap)
            return (await cpu() - before) / (communities * people * each)
        finally:
            mine.send(False)
            await loop.run_in_executor(None, server.join)


def run(communities: int, people: int, each: int, gap: float) -> float:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measured(communities, people, each, gap))


def test_a_message_through_the_callback_api(figure):
    used = run(1, DIALOGUES, MESSAGES // DIALOGUES, 0)
    figure(f"VK's Callback API in, its API out, stored between, {DIALOGUES} dialogues", used * 1e6, BUDGET)


def test_a_message_in_a_community_where_few_talk(figure):
    used = run(COMMUNITIES, PEOPLE, 40, GAP)
    figure("… where nobody waits: eight messages a second in each of 20 communities", used * 1e6, None)
