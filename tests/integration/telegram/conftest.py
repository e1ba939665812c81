"""The daemon as a process, with a bot over the fake of the Bot API."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import sys
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession

from ses.connectors.telegram.testing import TOKEN, TelegramFake, telegram

ROOT = Path(__file__).parents[3]
SPEECH = ("spr", "tts", "sbs")
SECRET = "a-secret-of-the-webhook"


@pytest.fixture(name="free_port")
def _free_port() -> int:
    return free_port()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def own_kitchen(folder: Path, port: int) -> Path:
    """The demo robots, with their kitchen at this daemon's port: the usual one may be anybody's."""
    if not folder.exists():
        shutil.copytree(ROOT / "scenarios", folder)
        for file in folder.rglob("*.yaml"):
            text = file.read_text(encoding="utf-8")
            if ":6190" in text:
                file.write_text(text.replace(":6190", f":{port}"), encoding="utf-8")
    return folder


class Daemon:
    """`ses run` over a folder of its own, with the demo robots."""

    def __init__(
        self, folder: Path, fake: TelegramFake, mode: str = "polling", more=None, speech: str = ""
    ) -> None:
        """`speech`: the address of `ses.services.testing`; without it SPR, TTS and SBS are emulated by testapi/."""
        self.public, self.port = free_port(), free_port()
        self.site = f"http://127.0.0.1:{self.public}"
        self.api = f"http://127.0.0.1:{self.port}"
        self.log = folder / "output.log"
        self.config = folder / "config.json"
        self.process: asyncio.subprocess.Process | None = None
        bot = {
            "token": TOKEN,
            "robot": "pizzeria",
            "api": fake.url,
            "timers": {"getUpdates": 5},
            "mode": mode,
        }
        if mode == "webhook":
            bot |= {"webhook_url": self.site, "secret_token": SECRET}
        config = json.loads((ROOT / "tools/demo.config.json").read_text())
        config |= {
            "port": self.port,
            "widget": {"port": self.public},
            "servers": {
                name: {"url": f"{speech if speech and name in SPEECH else f'{self.api}/ses/testapi'}/{name}"}
                for name in ("smc", "see", "qas", *SPEECH)
            },
            "limits": {"http": {"allow": [f"127.0.0.1:{self.port}", "127.0.0.1:6190"]}},
            "scenarios": str(own_kitchen(folder / "scenarios", self.port)),
            "testapi": str(ROOT / "testapi"),
            "tmp": str(folder / "tmp"),
            "connectors": {"telegram": {"shop": bot, **(more or {})}},
        }
        self.config.write_text(json.dumps(config))
        self.config.chmod(0o600)

    async def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ses", "run", "--config", str(self.config),
                cwd=ROOT, stdout=output, stderr=output,
            )  # fmt: skip
        async with asyncio.timeout(60), ClientSession() as http:
            while True:
                assert self.process.returncode is None, self.log.read_text()
                try:
                    async with http.get(f"{self.api}/live") as answer:
                        if answer.status == 200:
                            return
                except ClientError:
                    await asyncio.sleep(0.05)

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await self.process.wait()


@pytest.fixture
async def fake():
    async with telegram() as fake:
        yield fake


@pytest.fixture
async def daemon(tmp_path, fake):
    """`await daemon("webhook")`: a running daemon; all are ended with the test."""
    made: list[Daemon] = []

    async def run(mode: str = "polling", more=None, speech: str = "") -> Daemon:
        one = Daemon(tmp_path, fake, mode, more, speech)
        made.append(one)
        await one.start()
        return one

    yield run
    for one in made:
        await one.end()
