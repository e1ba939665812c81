"""A message's whole way through the daemon as it is run: websocket → disk (`synchronous=FULL`) → turn → commit → websocket.

CPU is that of the daemon's process, all threads; the pages run in this one.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import uvloop
from aiohttp import ClientSession, TCPConnector

from doubles.web import Page

ROOT = Path(__file__).parents[2]
DIALOGUES = 500
ROUNDS = 8
BUDGET = 250
"""Microseconds of the daemon's CPU a message."""
ORIGIN = "https://shop.example"

ROBOT = """
id: order
language: ru
session: {burst: 0s}
entities:
  pizza: {values: {margherita: [маргарита], pepperoni: [пепперони]}}
  size: {values: {small: [маленькая], large: [большая]}}
  method: {values: {courier: [доставка], pickup: [самовывоз]}}
slots:
  pizza: {type: pizza, ask: Какую пиццу?}
  size: {type: size, ask: Какого размера?}
  method: {type: method, ask: Привезти или заберёте?}
intents:
  order: {patterns: ["* (хочу|закажу) * [пиццу] *"]}
flows:
  order:
    on: [{intent: order}]
    needs: [pizza, size, method]
    steps: [{confirm: "{{ pizza }}, {{ size }}, {{ method }}. Верно?"}, {say: Принято!}]
"""
DIALOGUE = ("хочу пиццу", "маргариту", "большую", "самовывоз", "да", "спасибо")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def write_config(folder: Path) -> tuple[Path, str]:
    port = free_port()
    (folder / "scenarios" / "order").mkdir(parents=True)
    (folder / "scenarios" / "order" / "robot.yaml").write_text(ROBOT)
    config = {
        "port": 0,
        "widget": {"port": port},
        "scenarios": "scenarios",
        "testapi": None,
        "tmp": str(folder / "tmp"),
        "connectors": {"web": {"site": {"token": "t", "robot": "order", "origins": [ORIGIN]}}},
        "limits": {"flood": {"messages": 1_000_000, "per": 1, "burst": 1_000_000}},
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path, f"http://127.0.0.1:{port}"


async def wait_for(base: str, process: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(60), ClientSession() as http:
        while True:
            assert process.poll() is None, "the daemon ended"
            try:
                async with http.get(f"{base}/ses/widget/js?site") as answer:
                    if answer.status == 200:
                        return
            except OSError:
                await asyncio.sleep(0.05)


async def talk(page: Page, rounds: int) -> None:
    for _ in range(rounds):
        for text in DIALOGUE:
            await page.ask(text)


def test_a_message_from_page_to_page(tmp_path, figure):
    config, base = write_config(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "ses", "run", "--config", str(config)], cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    daemon = psutil.Process(process.pid)

    def cpu() -> float:
        times = daemon.cpu_times()
        return times.user + times.system

    async def main() -> tuple[float, float]:
        await wait_for(base, process)
        async with ClientSession(connector=TCPConnector(limit=0)) as http:
            url = f"{base}/ses/ws?site&token=t"
            pages = [Page(url, origin=ORIGIN, session=http) for _ in range(DIALOGUES)]
            for page in pages:
                await page.connect()
            await asyncio.gather(*(talk(page, 1) for page in pages))  # warm
            before, began = cpu(), time.perf_counter()
            await asyncio.gather(*(talk(page, ROUNDS) for page in pages))
            used, took = cpu() - before, time.perf_counter() - began
            assert not any(page.twice for page in pages)
            for page in pages:
                await page.close()
            messages = DIALOGUES * ROUNDS * len(DIALOGUE)
            return used / messages, messages / took

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            used, rate = runner.run(main())
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
    name = f"page to page through the daemon, FULL, {DIALOGUES} open dialogues"
    figure(name, used * 1e6, BUDGET)
    figure(f"{name}: a second and core", 1 / used, 1e6 / BUDGET, "messages", least=True)
    figure(f"{name}: seen from the pages on the same machine", rate, unit="messages/s", wall=True)
