"""`llm.censor`: a daemon between a model's server, the censor and a client, all over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from doubles.llm import ScriptedEngine
from ses.clock import SystemClock
from ses.gateway.http.access import Access
from ses.gateway.http.application import api
from ses.gateway.ops.metrics import Metrics
from ses.gateway.v1.api import V1Api
from ses.gateway.v1.auth import LocalOnlyAuth
from ses.gateway.v1.censor import CensorDown, HttpCensor
from ses.gateway.v1.handler import V1Handler
from ses.gateway.v1.serving import Serving
from ses.ledger.contract import NoJournal

ROOT = Path(__file__).parents[3]
CHAT, TEXT = "/v1/chat/completions", "/v1/completions"
DOWN = "The server was unable to complete your request. Please try again later"
INSTEAD = "Let us talk of something else."


class Censor:
    """Refuses what speaks of bombs. Keeps what it was shown."""

    def __init__(self):
        self.shown = []
        self.status = 200
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def judge(self, request):
        asked = await request.json()
        self.shown.append((asked["kind"], asked["text"]))
        await self.may_answer.wait()
        verdict = {"allowed": False, "text": INSTEAD} if "bomb" in asked["text"] else {"allowed": True}
        return web.json_response(verdict, status=self.status)

    def app(self):
        app = web.Application()
        app.router.add_post("/judge", self.judge)
        return app


def model():
    """A model's server: it says again what it was asked, and explodes on «fuse»."""

    def says(request):
        asked = request.messages[-1]["content"]
        return "It is a bomb." if "fuse" in asked else f"You said: {asked}"

    handler = V1Handler(LocalOnlyAuth(), NoJournal(), SystemClock(), body_limit=1 << 20, journaled=False)
    operations = V1Api(Serving(ScriptedEngine(says)), handler, began=1).operations()
    return api(operations, Access(None), Metrics(), [])


@asynccontextmanager
async def served(app):
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def censor():
    return Censor()


@pytest.fixture
async def v1(censor, tmp_path):
    """A client of the daemon, once the model is there."""
    robot = tmp_path / "scenarios/echo"
    robot.mkdir(parents=True)
    (robot / "robot.yaml").write_text("id: echo\nlanguage: en\nevents: {fallback: [{say: Sorry?}]}\n")
    async with served(model()) as behind, served(censor.app()) as judge:
        llm = {
            "engine": "remote",
            "name": "test",
            "servers": [{"url": f"{behind}/v1"}],
            "censor": f"{judge}/judge",
        }
        config = {"port": 0, "widget": {"port": 0}, "testapi": None, "llm": llm}
        (tmp_path / "config.json").write_text(json.dumps(config))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ses", "run", "--config", str(tmp_path / "config.json")),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            async with aiohttp.ClientSession(await address(tmp_path / "logs/ses.log")) as client:
                async with asyncio.timeout(30):
                    while (await client.get("/health")).status != 200:
                        await asyncio.sleep(0.05)
                yield client
        finally:
            process.terminate()
            await process.wait()


async def address(log):
    async with asyncio.timeout(30):
        while True:
            lines = log.read_text().splitlines() if log.exists() else []
            for line in lines:
                if (told := json.loads(line))["event"] == "started":
                    return told["api"]
            await asyncio.sleep(0.05)


async def ask(v1, path, text, *, stream):
    """Status, text, finish reason."""
    body = {"model": "test", "stream": stream}
    body |= {"messages": [{"role": "user", "content": text}]} if path == CHAT else {"prompt": text}
    async with v1.post(path, json=body) as response:
        raw = (await response.read()).decode()
    if response.status != 200:
        return response.status, json.loads(raw)["message"], None
    if not stream:
        (choice,) = json.loads(raw)["choices"]
        return 200, choice["message"]["content"] if path == CHAT else choice["text"], choice["finish_reason"]
    *events, done, end = raw.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    choices = [json.loads(event.removeprefix("data: "))["choices"][0] for event in events]
    said = "".join(
        choice["delta"].get("content", "") if path == CHAT else choice["text"] for choice in choices
    )
    return 200, said, choices[-1]["finish_reason"]


async def test_the_daemon_says_only_what_the_censor_allows(v1, censor):
    for path in (CHAT, TEXT):
        for stream in (False, True):
            assert await ask(v1, path, "tea", stream=stream) == (200, "You said: tea", "stop")
            assert censor.shown == [("prompt", "tea"), ("answer", "You said: tea")]
            censor.shown.clear()
            refused = (200, INSTEAD, "content_filter")
            assert await ask(v1, path, "a bomb", stream=stream) == refused
            assert censor.shown == [("prompt", "a bomb")]  # the model has not been asked
            assert await ask(v1, path, "a fuse", stream=stream) == refused
            assert censor.shown[1:] == [("prompt", "a fuse"), ("answer", "It is a bomb.")]
            censor.shown.clear()
            censor.status = 500
            assert await ask(v1, path, "tea", stream=stream) == (503, DOWN, None)
            censor.status = 200
            censor.shown.clear()


async def test_a_censor_that_is_slow_or_away_is_down(censor):
    async with served(censor.app()) as url:
        judge = HttpCensor(f"{url}/judge", wait=0.2)
        censor.may_answer.clear()
        with pytest.raises(CensorDown):
            await judge.judge("prompt", "tea")
        censor.may_answer.set()
    with pytest.raises(CensorDown):
        await judge.judge("prompt", "tea")
    await judge.close()
