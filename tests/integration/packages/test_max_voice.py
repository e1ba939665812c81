"""What a robot says aloud reaches a messenger that a package brought."""

from __future__ import annotations

import socket
from pathlib import Path

from ses_connector_max.testing import TOKEN, MaxFake, running

ROOT = Path(__file__).parents[3]
ANNA = 1001
ROBOT = """
id: parrot
title: Parrot
language: en
voice: {tts: anna, answer: always}
events:
  fallback:
    - say: You said so.
"""


async def test_what_a_robot_says_aloud_is_a_voice_message_in_max(site, daemon, tmp_path):
    site.install_max()
    (tmp_path / "scenarios/parrot").mkdir(parents=True)
    (tmp_path / "scenarios/parrot/robot.yaml").write_text(ROBOT)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    async with running(MaxFake()) as fake:
        bot = {"token": TOKEN, "robot": "parrot", "api": fake.url}
        one = daemon(
            {
                "port": port,
                "testapi": str(ROOT / "testapi"),
                "servers": {"tts": {"url": f"http://127.0.0.1:{port}/ses/testapi/tts"}},
                "connectors": {"max": {"shop": bot}},
            }
        )
        await one.start()
        anna = fake.person(ANNA)
        await anna.say("Polly?")
        await fake.until(lambda: any(said.text == "You said so." for said in fake.to(ANNA)))
        (token,) = [
            part["payload"]["token"]
            for said in fake.to(ANNA)
            for part in said.attachments
            if part["type"] == "audio"
        ]
    kind, name, content = fake.uploads[token]
    assert (kind, name.rpartition(".")[2]) == ("audio", "ogg")
    assert content == (ROOT / "testapi/tts.reply").read_bytes()
