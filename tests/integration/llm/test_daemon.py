"""The model in the daemon: it dies under load, it comes back, and it does not outlive the daemon."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import psutil
import pytest

ROOT = Path(__file__).parents[3]
ROBOT = """
id: echo
language: en
flows:
  hello:
    on: [hello]
    steps: [{say: "Hello."}]
events:
  fallback: [{say: "Sorry?"}]
"""
LONG = {
    "model": "smollm2",
    "messages": [{"role": "user", "content": "Tell me everything."}],
    "max_tokens": 1500,
    "ignore_eos": True,
}

pytestmark = pytest.mark.slow


class Daemon:
    def __init__(self, folder: Path, model: Path) -> None:
        (folder / "robots/echo").mkdir(parents=True)
        (folder / "robots/echo/robot.yaml").write_text(ROBOT)
        config = {
            "port": 0,
            "widget": {"port": 0},
            "scenarios": "robots/",
            "testapi": None,
            "tmp": str(folder / "tmp"),
            "llm": {
                "engine": "vllm",
                "model": str(model),
                "name": "smollm2",
                "args": {"max_model_len": 2048},
            },
        }
        (folder / "config.json").write_text(json.dumps(config))
        self.log = folder / "logs/ses.log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ses", "run", "--config", str(folder / "config.json")],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not (started := self.told("started")):
            assert self.process.poll() is None
            time.sleep(0.05)
        self.api = started[0]["api"]

    def told(self, event: str) -> list[dict]:
        if not self.log.exists():
            return []
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [record for line in lines if (record := json.loads(line))["event"] == event]

    def cores(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if "EngineCore" in child.name()]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


@pytest.fixture
def daemon(tmp_path, model):
    made = Daemon(tmp_path, model)
    yield made
    made.end()


async def until_healthy(http: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(300):
        while True:
            async with http.get("/health") as response:
                if response.status == 200:
                    return
            await asyncio.sleep(0.1)


async def model_state(http: aiohttp.ClientSession) -> str:
    async with http.get("/ready") as response:
        return (await response.json())["parts"]["model"]


async def say_hello(http: aiohttp.ClientSession) -> str:
    async with http.post("/ses/ask/echo", json={"text": "hello"}) as response:
        return json.dumps(await response.json())


async def ask_model(http: aiohttp.ClientSession, **more: object) -> tuple[int, dict]:
    async with http.post("/v1/chat/completions", json=LONG | more) as response:
        return response.status, await response.json()


async def test_a_killed_engine_fails_typed_and_comes_back_while_robots_talk_on(daemon):
    async with aiohttp.ClientSession(daemon.api) as http:
        assert "loading" in await model_state(http)
        assert "Hello." in await say_hello(http)
        assert (await ask_model(http))[0] == 503
        await until_healthy(http)
        assert (await ask_model(http, max_tokens=3))[0] == 200

        requests = [asyncio.create_task(ask_model(http)) for _ in range(8)]
        await asyncio.sleep(1)
        (core,) = daemon.cores()
        core.kill()
        killed = time.monotonic()
        answers = await asyncio.gather(*requests)
        typed = time.monotonic() - killed
        assert {status for status, _ in answers} == {503}
        assert all(body["object"] == "error" for _, body in answers)
        while await model_state(http) == "ok":
            await asyncio.sleep(0.01)
        noticed = time.monotonic() - killed
        assert "Hello." in await say_hello(http)
        await until_healthy(http)
        ready = time.monotonic() - killed
        assert (await ask_model(http, max_tokens=3))[0] == 200
        assert await model_state(http) == "ok"
        print(
            f"\nengine core killed under 8 requests: typed errors after {typed:.2f} s, /ready says so after {noticed:.2f} s, back after {ready:.1f} s"
        )

        (core,) = daemon.cores()
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
        core.wait(10)  # raises when it lives on


async def test_a_daemon_that_is_told_to_end_while_the_model_loads_ends(daemon):
    while not daemon.cores():
        await asyncio.sleep(0.05)
    core = daemon.cores()[0]
    daemon.process.terminate()
    told = time.monotonic()
    assert daemon.process.wait(120) == 0
    print(f"\nended {time.monotonic() - told:.1f} s after it was told to, while the model loaded")
    core.wait(10)
