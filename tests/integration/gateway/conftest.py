import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import pytest_asyncio

ROOT = Path(__file__).parents[3]
ROBOT = """
id: echo
title: Echo
language: en
variables: {count: 0}
flows:
  hello:
    on: [hello]
    steps: [{say: {text: "Hello.", buttons: [hello]}}]
events:
  fallback: [{say: "Sorry?"}]
"""


@pytest_asyncio.fixture(loop_scope="session")
async def browser_page(chromium):
    page = await chromium.new_page()
    yield page
    await page.close()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """The API's address of a running daemon with one robot and one emulated service."""
    folder = tmp_path_factory.mktemp("ses")
    (folder / "scenarios" / "echo").mkdir(parents=True)
    (folder / "scenarios" / "echo" / "robot.yaml").write_text(ROBOT)
    (folder / "testapi").mkdir()
    (folder / "testapi" / "weather.reply").write_text('{"now": "sunny"}')
    limits = {"flood": {"messages": 100_000, "per": 1, "burst": 100_000}}
    config = {"port": 0, "widget": {"port": 0}, "limits": limits}
    (folder / "config.json").write_text(json.dumps(config))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.bind(str(folder / "notify"))
        notices.settimeout(30)
        process = subprocess.Popen(
            [sys.executable, "-m", "ses", "run", "--config", str(folder / "config.json")],
            env={**os.environ, "NOTIFY_SOCKET": str(folder / "notify"), "PYTHONPATH": str(ROOT)},
            stderr=subprocess.DEVNULL,
        )
        try:
            ready = notices.recv(4096).decode()
            assert "1 robots" in ready
            yield ready.partition("API at ")[2].partition(";")[0]
        finally:
            process.terminate()
            assert process.wait(20) == 0
