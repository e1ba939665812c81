"""A VK of our own, and the connector or the whole daemon joined to it."""

from __future__ import annotations

import json
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from doubles.vk import FakeVk, running
from ses.connectors.testing import MemoryReception
from ses.connectors.vk.config import Settings
from ses.connectors.vk.connector import VkConnector
from ses.connectors.webhooks import PATIENCE

from ..daemon import ROOT, Daemon, free_port


@pytest.fixture
async def vk():
    async with running(FakeVk(now=time.time)) as vk:
        yield vk


class Joined:
    """A connector over a reception in memory."""

    def __init__(self, vk: FakeVk, reception: MemoryReception, **settings) -> None:
        folder, patience = settings.pop("folder", None), settings.pop("patience", PATIENCE)
        self.reception = reception
        given: dict[str, Any] = {
            "name": "shop",
            "robot": "echo",
            "group_id": vk.group_id,
            "token": vk.token,
        } | settings
        self.connector = VkConnector(
            Settings(**given, api=vk.url), robot_folder=lambda: folder, wait=1, patience=patience
        )

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


class Demo(Daemon):
    """A daemon with the demo robots."""

    def __init__(self, folder: Path, vk: FakeVk, *, http=(), **settings) -> None:
        """`http`: what `limits.http.allow` names beside the demo's own."""
        public = free_port()
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
        # The port of the API is known only when it runs; the sites' listener shows the demo page.
        super().__init__(folder, config, answers=[f"http://127.0.0.1:{public}/"])


@pytest.fixture
async def daemon(tmp_path, vk):
    made: list[Demo] = []

    async def daemon(**settings) -> Demo:
        made.append(Demo(tmp_path, vk, **settings))
        await made[-1].start()
        return made[-1]

    yield daemon
    for one in made:
        await one.end()
