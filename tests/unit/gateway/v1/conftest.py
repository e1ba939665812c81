"""`/v1` over an engine that says what it is told to."""

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from doubles.llm import ScriptedEngine
from ses.clock import VirtualClock
from ses.gateway.http.access import Access
from ses.gateway.http.application import api
from ses.gateway.ops.metrics import Metrics
from ses.gateway.v1.api import V1Api
from ses.gateway.v1.auth import LocalOnlyAuth
from ses.gateway.v1.faults import flat_faults
from ses.gateway.v1.handler import V1Handler
from ses.gateway.v1.serving import Serving


class Kept:
    """A journal that keeps its entries."""

    def __init__(self):
        self.entries = []

    def write(self, entry):
        self.entries.append(entry)


@dataclass
class Service:
    """A running `/v1`. What the engine answers is `says`: a text, a whole answer or an error."""

    client: aiohttp.ClientSession
    url: str
    engine: object
    journal: Kept
    serving: Serving
    routes: set = field(default_factory=set)
    answer: list = field(default_factory=lambda: ["Hello there, friend."])

    async def post(self, path, body, **options):
        """Status and the decoded body."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **options.pop("headers", {})}
        async with self.client.post(self.url + path, data=body, headers=headers, **options) as response:
            return response.status, json.loads(await response.read())

    async def get(self, path, **options):
        async with self.client.get(self.url + path, **options) as response:
            return response.status, json.loads(await response.read())

    def says(self, answer):
        self.answer[:] = [answer]


@asynccontextmanager
async def running(authenticator=None, engine=None, **options):
    answer = ["Hello there, friend."]
    engine = engine or ScriptedEngine(lambda request: answer[0])
    journal = Kept()
    serving = Serving(engine, journaled=True, **options)
    handler = V1Handler(
        authenticator or LocalOnlyAuth(), journal, VirtualClock(1_700_000_000.0), body_limit=12 << 20
    )
    operations = V1Api(serving, handler, began=1_700_000_000).operations()
    app = api(operations, Access(None), Metrics(), [flat_faults(())])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as client:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        routes = {(one.method, one.path) for one in operations}
        yield Service(client, url, engine, journal, serving, routes, answer)
    await runner.cleanup()


@pytest.fixture
async def v1():
    async with running() as service:
        yield service


def events(raw):
    """The data of a stream's events."""
    return [line.removeprefix("data: ") for line in raw.split("\n\n") if line]


async def streamed(v1, path, body):
    async with v1.client.post(v1.url + path, json=body) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        return events((await response.read()).decode())
