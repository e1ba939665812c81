"""The chat page as the daemon puts it together, asked over HTTP."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from doubles.served_llm import ServedLlm, serving_llm
from ses.clock import VirtualClock
from ses.config import load

SOME_MODEL = {"engine": "remote", "servers": [{"url": "http://127.0.0.1:9/v1"}]}
ASK = {"model": "test", "messages": [{"role": "user", "content": "Hi"}]}


@dataclass
class Browser:
    """Sends cookies back as a browser does."""

    client: aiohttp.ClientSession
    served: ServedLlm
    clock: VirtualClock

    async def call(self, method, path, **options):
        """Status, headers and the text of the answer."""
        async with self.client.request(
            method, self.served.url + path, allow_redirects=False, **options
        ) as response:
            return response.status, response.headers, await response.text()

    async def json(self, method, path, **options):
        """Status and value."""
        status, _, text = await self.call(method, path, **options)
        return status, json.loads(text)

    async def sign_in(self, code):
        return (await self.json("POST", "/chat/session", json={"code": code}))[0]

    async def models(self, **options):
        status, told = await self.json("GET", "/chat/v1/models", **options)
        return status, [one["id"] for one in told["data"]] if status == 200 else told["message"]


@pytest.fixture
def browse(tmp_path):
    """`async with browse({"token": "…"}) as browser`: the settings are those of `gateway`."""

    @asynccontextmanager
    async def browsing(gateway=None, *, llm=SOME_MODEL):
        file = tmp_path / "config.json"
        file.write_text(json.dumps({"llm": llm, "gateway": gateway or {}}))
        file.chmod(0o600)
        clock = VirtualClock(1_700_000_000.0)
        jar = aiohttp.CookieJar(unsafe=True)  # the host is an address
        async with (
            serving_llm(load(file, {}), clock) as served,
            aiohttp.ClientSession(cookie_jar=jar) as client,
        ):
            yield Browser(client, served, clock)

    return browsing
