from dataclasses import dataclass, field
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import web

from ses.clock import VirtualClock
from ses.connectors.contract import Refused
from ses.conversations.external.commands import CommandResult
from ses.conversations.views import LogPage
from ses.gateway.api.ask import AskApi
from ses.gateway.api.robots import RobotsApi
from ses.gateway.api.send import SendApi
from ses.gateway.api.sessions import RecordsApi
from ses.gateway.api.testapi import EmulationApi
from ses.gateway.http.access import Access, Key
from ses.gateway.http.application import api
from ses.gateway.http.docs import DocsApi
from ses.gateway.http.operation import Operation
from ses.gateway.ops.health import HealthApi
from ses.gateway.ops.metrics import Metrics
from ses.messages import Button, Inbound, Outgoing
from ses.scenario.findings.report import Finding
from ses.scenario.findings.source import Source
from ses.services.testapi import TestApi


@dataclass
class Pipeline:
    """Stands where the conversations are: it keeps what it is handed and answers what a test wants."""

    inbounds: list[Inbound] = field(default_factory=list)
    refusal: Refused | None = None
    sessions: dict = field(default_factory=dict)
    requests: list = field(default_factory=list)
    commands: list = field(default_factory=list)

    async def ask(self, inbound, *, timeout):
        if self.refusal is not None:
            raise self.refusal
        self.inbounds.append(inbound)
        said = Outgoing(
            id=f"{inbound.session}/1/1",
            seq=1,
            text=f"эхо: {inbound.text}",
            buttons=(Button("Да", id="1.1.0"),),
        )
        return SimpleNamespace(turn=1, replies=(said,), trace={"id": "t"}, repeated=False)

    async def execute(self, command, *, caller, id_):
        if self.refusal is not None:
            raise self.refusal
        self.commands.append((command, caller, id_))
        to = command.to
        return CommandResult(
            command.robots[0], to.connector or "web.site", to.session or to.chat, "~out-1", False
        )

    async def session(self, robot, session_id):
        return self.sessions.get((robot, session_id))

    async def log(self, request):
        self.requests.append(request)
        if request.cursor:
            raise ValueError("the cursor is none that /ses/log gave")
        return LogPage([], None)


@dataclass
class Robots:
    versions: dict[str, str] = field(default_factory=lambda: {"pizzeria": "v1", "helpdesk": "v1"})
    problems: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    reloads: int = 0

    def ids(self):
        return sorted(self.versions)

    def newest(self, robot):
        version = self.versions.get(robot)
        if version is None:
            return None
        return SimpleNamespace(
            id=robot,
            title=robot.title(),
            version=version,
            language="ru",
            languages=("ru",),
            flows={"order": 1, "#start": 1},
        )

    def findings(self):
        return self.problems

    async def reload(self):
        self.reloads += 1
        self.versions["pizzeria"] = "v2"
        return self.findings()


KEYS = {
    "boss": Key.of("boss", "boss-key-0123456789", ["admin"]),
    "reader": Key.of("reader", "reader-key-0123456789", ["read"]),
    "sender": Key.of("sender", "sender-key-0123456789", ["send"], ["pizzeria"]),
    "asker": Key.of("asker", "asker-key-0123456789", ["ask"], ["pizzeria"]),
}


@dataclass
class Api:
    """The API on a free port."""

    client: aiohttp.ClientSession
    url: str
    pipeline: Pipeline
    robots: Robots
    parts: dict[str, str]
    access: Access
    operations: list

    def call(self, method, path, **options):
        return self.client.request(method, self.url + path, allow_redirects=False, **options)

    async def json(self, method, path, *, status=200, **options):
        async with self.call(method, path, **options) as response:
            data = await response.json()
            assert response.status == status, data
            assert data["error"] == int(status >= 400), data
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            return data


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "testapi"
    folder.mkdir()
    return folder


@pytest.fixture
def keys():
    """An API without keys; tests of keys override it."""


@pytest.fixture
async def served(folder, keys):
    pipeline, robots, parts, access, metrics = (
        Pipeline(),
        Robots(),
        {"storage": "ok"},
        Access(keys),
        Metrics(),
    )
    operations: list[Operation] = []
    for interface in (
        AskApi(pipeline, robots.ids, VirtualClock(1_700_000_000.0)),
        SendApi(pipeline, robots.ids),
        RecordsApi(pipeline),
        RobotsApi(robots, {"pizzeria": ["web.site"]}),
        EmulationApi(TestApi(folder)),
        HealthApi(lambda: parts, lambda: parts.get("model", "ok") == "ok"),
        metrics,
        DocsApi(operations.copy, robots.ids),
    ):
        operations += interface.operations()
    runner = web.AppRunner(api(operations, access, metrics), access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as client:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield Api(client, url, pipeline, robots, parts, access, operations)
    await runner.cleanup()


@pytest.fixture
def finding():
    return Finding(
        "unknown-key", "unknown key `sya`", Source("robot.yaml", 3, 5), suggestion="did you mean `say`?"
    )


@pytest.fixture
def all_keys():
    return KEYS
