"""The user methods over real users in an SQLite file."""

from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from doubles.llm import ScriptedEngine
from ses.clock import VirtualClock
from ses.gateway.http.access import Access
from ses.gateway.http.application import api
from ses.gateway.http.login_rate_limit import LoginRateLimit
from ses.gateway.ops.metrics import Metrics
from ses.gateway.users.api import UsersApi
from ses.gateway.v1.api import V1Api
from ses.gateway.v1.auth import UserTokenAuth
from ses.gateway.v1.faults import flat_faults
from ses.gateway.v1.handler import V1Handler
from ses.gateway.v1.routes import USERS_PATHS
from ses.gateway.v1.serving import Serving
from ses.ledger.contract import NoJournal
from ses.ledger.database import Database
from ses.ledger.histories import users_history
from ses.ledger.users import SqlUsers

NOON = 1_742_472_000.0
"""2025-03-20, 12:00 UTC"""


@dataclass
class Service:
    client: aiohttp.ClientSession
    url: str
    users: SqlUsers | None
    clock: VirtualClock
    admin: str = ""
    """A privileged user's token."""

    async def call(self, method, path, *, token=None, form=None, **options):
        """Status and the answer: decoded JSON or a text."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.client.request(
            method, self.url + path, data=form, headers=headers, **options
        ) as response:
            told = await (response.text() if response.content_type == "text/plain" else response.json())
            return response.status, told

    async def make(self, email, **form):
        status, told = await self.call(
            "POST", "/create_user", token=self.admin, form={"email": email, "password": "word", **form}
        )
        assert status == 200, told
        return told


@asynccontextmanager
async def running(users, clock):
    app = api(
        UsersApi(users, LoginRateLimit(clock)).operations()
        + (
            V1Api(
                Serving(ScriptedEngine(lambda request: "Hi")),
                V1Handler(UserTokenAuth(users), NoJournal(), clock, body_limit=1 << 20),
                began=0,
            ).operations()
            if users
            else []
        ),
        Access(None),
        Metrics(),
        [flat_faults(USERS_PATHS)],
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as client:
        yield Service(client, f"http://127.0.0.1:{runner.addresses[0][1]}", users, clock)
    await runner.cleanup()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """A file with the tables, made once: migrations take a second."""
    import asyncio

    file = tmp_path_factory.mktemp("users") / "empty.db"

    async def make():
        database = Database(f"sqlite:///{file}", users_history("users"), migrate=True)
        await database.open()
        await database.close()

    asyncio.run(make())
    return file


@pytest.fixture
async def database(empty_database, tmp_path):
    file = tmp_path / "users.db"
    file.write_bytes(empty_database.read_bytes())
    database = Database(f"sqlite:///{file}", users_history("users"), migrate=True)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def service(database):
    clock = VirtualClock(NOON)
    users = SqlUsers(database, "users", clock)
    admin, _ = await users.create("admin@example.ru", "secret", days=30, privileged=True)
    async with running(users, clock) as service:
        service.admin = admin
        yield service
    users.close()
