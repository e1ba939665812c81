"""A daemon with the real model, as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import psutil

ROOT = Path(__file__).parents[3]
ROBOT = """
id: echo
language: en
variables: {told: 0}
flows:
  hello:
    on: [hello]
    steps: [{say: "Hello."}]
  tell:
    on: [tell]
    steps:
      - set: {told: "{{ told + 1 }}"}
      - llm: {prompt: Write a very long story., timeout: 120s}
        on_error: [{say: "Time {{ told }}: {{ error.kind }}."}]
events:
  fallback: [{say: "Sorry?"}]
"""


class Daemon:
    def __init__(self, folder: Path, model: Path, *, robot: str = ROBOT, **llm: Any) -> None:
        """`llm` is added to the section of that name."""
        (folder / "robots/echo").mkdir(parents=True)
        (folder / "robots/echo/robot.yaml").write_text(robot)
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
                "args": {"max_model_len": 2048, "tool_call_parser": "hermes"},
            }
            | llm,
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


async def until_healthy(http: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(300):
        while True:
            async with http.get("/health") as response:
                if response.status == 200:
                    return
            await asyncio.sleep(0.1)


async def metric(http: aiohttp.ClientSession, name: str) -> float:
    """The value of a metric with its labels, 0 when there is none."""
    async with http.get("/metrics") as response:
        lines = (await response.text()).splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


async def said(http: aiohttp.ClientSession, text: str, **more: str) -> list[str]:
    """What the robot replies."""
    async with http.post("/ses/ask/echo", json={"text": text, **more}) as response:
        return [one["text"] for one in (await response.json())["replies"]]
