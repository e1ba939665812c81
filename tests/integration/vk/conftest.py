"""A VK of our own, and the connector or the whole daemon joined to it."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession

from ses.connectors.testing import MemoryReception
from ses.connectors.vk.config import Community
from ses.connectors.vk.connector import VkConnector
from ses.connectors.vk.testing import FakeVk, running

ROOT = Path(__file__).parents[3]


@pytest.fixture
async def vk():
    async with running(FakeVk(now=time.time)) as vk:
        yield vk


class Joined:
    """A connector over a reception in memory."""

    def __init__(self, vk: FakeVk, reception: MemoryReception, **settings) -> None:
        folder = settings.pop("folder", None)
        self.reception = reception
        settings = {"name": "shop", "robot": "echo", "group_id": vk.group_id, "token": vk.token} | settings
        community = Community(**settings, api=vk.url)
        self.connector = VkConnector(community, robot_folder=lambda: folder, wait=1)

    @asynccontextmanager
    async def running(self):
        self.reception.serve(self.connector)
        await self.connector.start(self.reception)
        try:
            yield self
        finally:
            await self.connector.stop()


@pytest.fixture
async def join(vk):
    """Makes a running connector and waits until it listens; a second one over the same reception is a restart."""
    stack = []

    async def join(reception: MemoryReception | None = None, *, wait: bool = True, **settings) -> Joined:
        joined = Joined(vk, reception or MemoryReception(), **settings)
        context = joined.running()
        await context.__aenter__()
        stack.append(context)
        if wait:
            polls = vk.polls
            await vk.until(lambda: vk.polls > polls)
        return joined

    yield join
    for context in stack:
        await context.__aexit__(None, None, None)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Daemon:
    """`ses run` as a process over a folder of its own, with the demo robots."""

    def __init__(self, folder: Path, vk: FakeVk, *, http=(), **settings) -> None:
        """`http`: what `limits.http.allow` names beside the demo's own."""
        public = free_port()
        self.public = f"http://127.0.0.1:{public}"
        self.log = folder / "output.log"
        self._config = folder / "config.json"
        self._process: asyncio.subprocess.Process | None = None
        config = json.loads((ROOT / "tools/demo.config.json").read_text())
        community = {
            "token": vk.token,
            "robot": "pizzeria",
            "group_id": vk.group_id,
            "api": vk.url,
            **settings,
        }
        config |= {
            "port": 0,  # addresses of the usual port in the demo robots then mean whichever was taken
            "widget": {"port": public},
            "scenarios": str(ROOT / "scenarios"),
            "testapi": str(ROOT / "testapi"),
            "tmp": str(folder / "tmp"),
            "connectors": {"vk": {"shop": community}},
            "limits": {"http": {"allow": ["127.0.0.1:6190", *http]}},
        }
        self._config.write_text(json.dumps(config))

    async def start(self) -> None:
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ses", "run", "--config", str(self._config),
                cwd=ROOT, stdout=output, stderr=output,
            )  # fmt: skip
        async with asyncio.timeout(60), ClientSession() as http:
            while True:
                assert self._process.returncode is None, self.log.read_text()
                try:
                    async with http.get(f"{self.public}/"):
                        return
                except ClientError:
                    await asyncio.sleep(0.05)  # not listening yet

    async def end(self, how: signal.Signals) -> None:
        """Send it a signal and wait until it is gone."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(how)
            await self._process.wait()


@pytest.fixture
async def daemon(tmp_path, vk):
    made: list[Daemon] = []

    async def daemon(**settings) -> Daemon:
        made.append(Daemon(tmp_path, vk, **settings))
        await made[-1].start()
        return made[-1]

    yield daemon
    for one in made:
        await one.end(signal.SIGTERM)
