"""The daemon in front of a Telegram that is not ours: `@vishtar/telegram-test-api`, its server and its people."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession

from ses.connectors.telegram.config import Settings
from ses.connectors.telegram.connector import TelegramConnector
from ses.connectors.testing import MemoryReception
from ses.messages import Conversation, Delta, Outgoing

NODE = Path(__file__).parent / "node"
_own = NODE / "node_modules/.bin/node"
PROGRAM = str(_own) if _own.exists() else "node"
"""Where the system's node is too old, a newer one lies beside the packages."""
TOKEN = "666:TEST-token-of-a-bot"
ROBOT = """
id: counter
language: en
variables: {n: 0}
flows:
  choose:
    steps:
      - menu:
          say: What do you want?
          items:
            - {text: Pizza, steps: [{say: A pizza!}]}
            - {text: Tea, steps: [{say: A tea!}]}
  count:
    on: ["n *"]
    steps:
      - set: {n: {add: 1}}
      - say: "{{ n }}: {{ message.text }}"
events:
  start: choose
"""


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Daemon:
    def __init__(self, folder, api):
        self.folder = folder
        (folder / "scenarios/counter").mkdir(parents=True)
        (folder / "scenarios/counter/robot.yaml").write_text(ROBOT)
        bot = {"token": TOKEN, "robot": "counter", "api": api, "timers": {"getUpdates": 3}}
        config = {"port": 0, "widget": {"port": 0}, "connectors": {"telegram": {"shop": bot}}}
        (folder / "config.json").write_text(json.dumps(config))

    @asynccontextmanager
    async def running(self, end):
        with (self.folder / "output").open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ses", "run", "--config", str(self.folder / "config.json"),
                stdout=output, stderr=output,
            )  # fmt: skip
        try:
            yield
        finally:
            process.send_signal(end)
            await process.wait()


@pytest.fixture
async def telegram():
    """`port, write, heard = await telegram()`: a running server with people; `await heard()` is the next thing that happened."""
    made = []

    async def telegram(*words):
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            PROGRAM, str(NODE / "telegram.js"), str(port), TOKEN, *words,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        made.append(process)
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        async def heard():
            async with asyncio.timeout(40):
                return json.loads(await stdout.readline())

        assert await heard() == {"listening": port}
        return f"http://127.0.0.1:{port}", stdin.write, heard

    yield telegram
    for process in made:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_the_daemon_talks_to_people_of_a_server_that_is_not_ours(telegram, tmp_path):
    url, write, heard = await telegram()
    daemon = Daemon(tmp_path, url)
    async with daemon.running(signal.SIGKILL):
        assert await heard() == {"menu": "What do you want?", "buttons": ["Pizza", "Tea"]}
        events = [await heard(), await heard()]  # the press is answered and acted upon, in either order
        assert {"pressed": "A tea!"} in events
        assert [one["answered"] for one in events if "answered" in one] == ["1"]
        assert await heard() == {"counted": [[f"{n}: n {n}" for n in range(1, 6)]] * 3}
    write(b"killed\n")
    assert await heard() == {"waiting": 5}
    async with daemon.running(signal.SIGTERM):
        assert await heard() == {"counted": [[f"{n}: n {n}" for n in range(6, 11)]] * 3}


@pytest.fixture
async def bot(telegram):
    """A connector in this process, what its server hears, and what the people of a chat read."""
    url, _, heard = await telegram("serve")
    connector = TelegramConnector(Settings("shop", "echo", TOKEN, poll=1, api=url))
    await connector.start(MemoryReception())
    while connector.state().condition != "connected":
        await asyncio.sleep(0.01)

    async def read(chat):
        async with (
            ClientSession() as http,
            http.post(f"{url}/getUpdatesHistory", json={"token": TOKEN}) as answer,
        ):
            messages = [one["message"] for one in (await answer.json())["result"]]
        return [one["text"] for one in messages if str(one["chat_id"]) == str(chat)]

    yield connector, heard, read
    await connector.stop()


async def test_a_text_grows_as_a_draft_in_private(bot):
    connector, heard, read = bot
    conversation = Conversation("telegram.shop", "11")
    connector.stream(conversation, Delta(id="11/1/1", attempt=1, at=0, text="Growing"))
    assert await heard() == {"draft": "Growing", "chat": 11}
    await connector.deliver(conversation, Outgoing(id="11/1/1", seq=1, text="Growing up"))
    assert await read(11) == ["Growing up"]


async def test_a_text_grows_in_one_message_in_a_group(bot):
    connector, heard, read = bot
    conversation = Conversation("telegram.shop", "-100200:11")
    connector.stream(conversation, Delta(id="-100200:11/1/1", attempt=1, at=0, text="Growing"))
    assert await heard() == {"edited": "Growing", "number": 1}
    await connector.deliver(conversation, Outgoing(id="-100200:11/1/1", seq=1, text="Growing up"))
    assert await heard() == {"edited": "Growing up", "number": 1}
    assert await read(-100200) == ["Growing up"]
