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
async def telegram(tmp_path):
    """A running server with people; `await heard()` is the next thing that happened."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        PROGRAM, str(NODE / "telegram.js"), str(port), TOKEN,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip

    async def heard():
        async with asyncio.timeout(40):
            return json.loads(await process.stdout.readline())

    assert await heard() == {"listening": port}
    yield Daemon(tmp_path, f"http://127.0.0.1:{port}"), process.stdin, heard
    if process.returncode is None:
        process.terminate()
    await process.wait()


async def test_the_daemon_talks_to_people_of_a_server_that_is_not_ours(telegram):
    daemon, people, heard = telegram
    async with daemon.running(signal.SIGKILL):
        assert await heard() == {"menu": "What do you want?", "buttons": ["Pizza", "Tea"]}
        events = [await heard(), await heard()]  # the press is answered and acted upon, in either order
        assert {"pressed": "A tea!"} in events
        assert [one["answered"] for one in events if "answered" in one] == ["1"]
        assert await heard() == {"counted": [[f"{n}: n {n}" for n in range(1, 6)]] * 3}
    people.write(b"killed\n")
    assert await heard() == {"waiting": 5}
    async with daemon.running(signal.SIGTERM):
        assert await heard() == {"counted": [[f"{n}: n {n}" for n in range(6, 11)]] * 3}
