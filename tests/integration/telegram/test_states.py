"""`/ses/connectors` and `ses connectors`: how each bot is doing; one that is ill harms nobody else."""

from __future__ import annotations

import asyncio
import json
import sys

from aiohttp import ClientSession

from doubles.telegram import telegram


async def states(daemon) -> dict:
    async with ClientSession() as http, http.get(f"{daemon.api}/ses/connectors") as answer:
        return {state["name"]: state for state in (await answer.json())["connectors"]}


async def command(daemon, *options) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ses", "connectors", "--config", str(daemon.config), *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_the_state_of_a_bot_is_told_and_a_wrong_token_harms_nobody_else(daemon, fake):
    async with telegram("5:another-token-than-the-daemons") as other:
        ill = {"token": "5:a-token-that-nobody-knows", "robot": "pizzeria", "api": other.url}
        running = await daemon(more={"ill": ill})
        fake.person(7).say("/start")
        await fake.says(7, 1)
        async with asyncio.timeout(10):
            while (await states(running))["telegram.ill"]["condition"] != "refused":
                await asyncio.sleep(0.05)
        now = await states(running)
        assert "connectors.telegram.ill.token" in now["telegram.ill"]["problem"]
        well = now["telegram.shop"]
        assert (well["condition"], well["mode"], well["received"], well["errors"]) == (
            "connected",
            "polling",
            1,
            0,
        )
        assert well["lag"] < 30
        code, output = await command(running)
        assert code == 1
        assert "refused" in output
        assert "connectors.telegram.ill.token" in output
        code, output = await command(running, "--format", "json")
        assert {one["name"] for one in json.loads(output)} == {"telegram.ill", "telegram.shop"}
        await running.end()
        assert "a-token-that-nobody-knows" not in running.log.read_text()
        code, output = await command(running)
        assert code == 2
        assert "no daemon answers" in output
