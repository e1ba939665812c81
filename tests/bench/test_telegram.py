"""What a message of Telegram costs the daemon's process: webhook in, a call of the Bot API out, everything stored between.

Telegram and its users are another process. The robot echoes, so the figure is the way there and back.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import uvloop
from aiohttp import ClientSession, TCPConnector, web

DIALOGUES = 200
MESSAGES = 6_000
BUDGET = 650
"""Microseconds a message."""
SECRET = "a-secret"


def serve(pipe: Connection, api: str) -> None:
    """The daemon's side: pipeline, store, connector and listener."""
    from doubles.conversations import ECHO, StoredPrograms, echo_program
    from doubles.telegram import TOKEN
    from ses.clock import SystemClock
    from ses.connectors.telegram.config import Settings
    from ses.connectors.telegram.connector import TelegramConnector
    from ses.connectors.webhooks import WebhookRoutes
    from ses.conversations.conversations import Conversations
    from ses.conversations.inbound.rate_limit import Limits
    from ses.conversations.lifecycle.robots import Robots
    from ses.storage.sqlite.store import SqliteStore

    class AtOnce(SystemClock):
        """Telegram's rates would be the figure."""

        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds if seconds == 60.0 else 0)

    async def main() -> None:
        clock = SystemClock()
        store = SqliteStore(Path(tempfile.mkdtemp()) / "ses.db")
        await store.open()
        robots = Robots(StoredPrograms(echo_program()), store, clock)
        await robots.reload()
        free = Limits(messages=1e6, per=1.0, burst=1e6)
        conversations = Conversations(store, robots, cast("Any", None), clock=clock, limits=free, engine=ECHO)
        listener = web.Application()
        connectors: dict[str, object] = {}
        listener.add_routes(WebhookRoutes(connectors).routes())
        runner = web.AppRunner(listener, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook/telegram/shop"
        settings = Settings(
            "shop", "echo", TOKEN, mode="webhook", webhook_url=url, secret_token=SECRET, api=api
        )
        connector = TelegramConnector(settings, clock=AtOnce())
        connectors["telegram.shop"] = connector
        conversations.attach(connector)
        await conversations.start()
        await connector.start(conversations)
        while connector.state().condition != "connected":
            await asyncio.sleep(0.01)
        pipe.send(url)
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, pipe.recv):
            times = os.times()
            pipe.send(times.user + times.system)
        await connector.refuse()
        await conversations.stop(5.0)
        await connector.stop()
        await runner.cleanup()
        await store.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def test_a_message_through_a_webhook(figure):
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()

    def cpu() -> float:
        mine.send(True)
        seconds: float = mine.recv()
        return seconds

    async def main() -> float:
        from doubles.telegram import telegram
        from ses.connectors.telegram.webhook import SECRET_HEADER

        async with telegram() as fake, ClientSession(connector=TCPConnector(limit=0)) as http:
            server = context.Process(target=serve, args=(theirs, fake.url))
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, server.start)
            url = await loop.run_in_executor(None, mine.recv)
            numbers = iter(range(1, 1_000_000))

            async def talk(person: int, messages: int) -> None:
                user = {"id": person, "is_bot": False, "first_name": "Аня", "language_code": "ru"}
                for _ in range(messages):
                    number = next(numbers)
                    message = {
                        "message_id": number, "date": 1790000000, "from": user, "text": "хочу большую пиццу",
                        "chat": {"id": person, "type": "private", "first_name": "Аня"},
                    }  # fmt: skip
                    update = {"update_id": number, "message": message}
                    async with http.post(url, json=update, headers={SECRET_HEADER: SECRET}) as answer:
                        assert answer.status == 200

            async def all_talk(messages: int) -> None:
                before = len(fake.sent)
                await asyncio.gather(*(talk(1000 + person, messages) for person in range(DIALOGUES)))
                await fake.until(lambda: len(fake.sent) == before + messages * DIALOGUES, 120)

            try:
                await all_talk(2)  # warm
                before = await loop.run_in_executor(None, cpu)
                await all_talk(MESSAGES // DIALOGUES)
                return (await loop.run_in_executor(None, cpu) - before) / MESSAGES
            finally:
                mine.send(False)
                await loop.run_in_executor(None, server.join)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        used = runner.run(main())
    figure(f"Telegram's webhook in, its API out, stored between, {DIALOGUES} dialogues", used * 1e6, BUDGET)
