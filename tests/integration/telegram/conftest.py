"""The daemon as a process, with a bot over the fake of the Bot API."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from doubles.telegram import TOKEN, TelegramFake, telegram

from ..daemon import ROOT, Daemon, free_port

SPEECH = ("spr", "tts", "sbs")
SECRET = "a-secret-of-the-webhook"


def own_kitchen(folder: Path, port: int) -> Path:
    """The demo robots, with their kitchen at this daemon's port: the usual one may be anybody's."""
    if not folder.exists():
        shutil.copytree(ROOT / "scenarios", folder)
        for file in folder.rglob("*.yaml"):
            text = file.read_text(encoding="utf-8")
            if ":6190" in text:
                file.write_text(text.replace(":6190", f":{port}"), encoding="utf-8")
    return folder


class Demo(Daemon):
    """A daemon with the demo robots."""

    def __init__(
        self, folder: Path, fake: TelegramFake, mode: str = "polling", more=None, speech: str = ""
    ) -> None:
        """`speech`: the address of `doubles.services`; without it SPR, TTS and SBS are emulated by testapi/."""
        port, public = free_port(), free_port()
        api = f"http://127.0.0.1:{port}"
        bot = {
            "token": TOKEN,
            "robot": "pizzeria",
            "api": fake.url,
            "timers": {"getUpdates": 5},
            "mode": mode,
        }
        if mode == "webhook":
            bot |= {"webhook_url": f"http://127.0.0.1:{public}", "secret_token": SECRET}
        config = json.loads((ROOT / "tools/demo.config.json").read_text())
        config |= {
            "port": port,
            "widget": {"port": public},
            "servers": {
                name: {"url": f"{speech if speech and name in SPEECH else f'{api}/ses/testapi'}/{name}"}
                for name in ("smc", "see", "qas", *SPEECH)
            },
            "limits": {"http": {"allow": [f"127.0.0.1:{port}", "127.0.0.1:6190"]}},
            "scenarios": str(own_kitchen(folder / "scenarios", port)),
            "testapi": str(ROOT / "testapi"),
            "tmp": str(folder / "tmp"),
            "connectors": {"telegram": {"shop": bot, **(more or {})}},
        }
        super().__init__(folder, config, answers=[f"{api}/live"])


@pytest.fixture
async def fake():
    async with telegram() as fake:
        yield fake


@pytest.fixture
async def daemon(tmp_path, fake):
    """`await daemon("webhook")`: a running daemon; all are ended with the test."""
    made: list[Demo] = []

    async def run(mode: str = "polling", more=None, speech: str = "") -> Demo:
        one = Demo(tmp_path, fake, mode, more, speech)
        made.append(one)
        await one.start()
        return one

    yield run
    for one in made:
        await one.end()
