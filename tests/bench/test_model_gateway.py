"""What a request of `/v1` costs the daemon beside the engine: with users and journal on, and with neither.

The CPU of this process (the gateway with its database, and the clients) less that of the same clients talking to a handler that
answers the same bytes at once.
"""

import asyncio
import json
import resource
from contextlib import asynccontextmanager
from statistics import median

import aiohttp
from aiohttp import web

from doubles.llm import ScriptedEngine
from ses.clock import SystemClock
from ses.gateway.http.access import Access
from ses.gateway.http.application import api
from ses.gateway.ops.metrics import Metrics
from ses.gateway.v1.api import V1Api
from ses.gateway.v1.auth import LocalOnlyAuth, UserTokenAuth
from ses.gateway.v1.faults import flat_faults
from ses.gateway.v1.handler import V1Handler
from ses.gateway.v1.serving import Serving
from ses.ledger.contract import NoJournal
from ses.ledger.database import Database
from ses.ledger.histories import JOURNAL, users_history
from ses.ledger.journal import SqlJournal
from ses.ledger.spool import Settings, Spool
from ses.ledger.users import SqlUsers

ANSWER = " ".join(["word"] * 100)
ASKED = {"model": "test", "messages": [{"role": "user", "content": "Tell me of Moscow. " * 20}]}
REQUESTS, ROUNDS, AT_ONCE = 400, 7, 16


@asynccontextmanager
async def served(app):
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1/chat/completions"
    await runner.cleanup()


def v1(authenticator, journal, *, journaled):
    handler = V1Handler(authenticator, journal, SystemClock(), body_limit=12 << 20, journaled=journaled)
    serving = Serving(ScriptedEngine(lambda request: ANSWER), journaled=journaled)
    return api(V1Api(serving, handler, began=1).operations(), Access(None), Metrics(), [flat_faults(())])


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def microseconds(url, token):
    """CPU of the process for a request, the median of rounds."""
    body, headers = (
        json.dumps(ASKED).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    found = []
    async with aiohttp.ClientSession() as client:

        async def ask(times):
            for _ in range(times):
                async with client.post(url, data=body, headers=headers) as response:
                    assert response.status == 200
                    await response.read()

        await ask(20)
        for _ in range(ROUNDS):
            before = cpu()
            await asyncio.gather(*(ask(REQUESTS // AT_ONCE) for _ in range(AT_ONCE)))
            await asyncio.sleep(0.3)  # the journal's batch belongs to the bill
            found.append((cpu() - before) / REQUESTS * 1e6)
    return median(found)


async def test_what_a_request_costs(tmp_path):
    async with served(v1(LocalOnlyAuth(), NoJournal(), journaled=False)) as url:
        async with aiohttp.ClientSession() as client, client.post(url, json=ASKED) as response:
            told = await response.read()
        bare = await microseconds(url, "none")

    async def at_once(request):
        await request.read()
        return web.Response(body=told, content_type="application/json")

    plain = web.Application()
    plain.router.add_post("/v1/chat/completions", at_once)
    async with served(plain) as url:
        floor = await microseconds(url, "none")

    clock = SystemClock()
    people = Database(f"sqlite:///{tmp_path}/gateway.db", users_history("users"), migrate=True)
    await people.open()
    users = SqlUsers(people, "users", clock)
    token, _ = await users.create("a@example.ru", "p", days=1, privileged=False)
    ran_with = Settings(started_at=clock.now(), version="bench", settings="{}")
    books = Database(f"sqlite:///{tmp_path}/gateway.db", JOURNAL, migrate=True)
    journal = SqlJournal(books, Spool(tmp_path, 1 << 20), clock, ran_with, Metrics(), retention=None)
    await journal.start()
    async with served(v1(UserTokenAuth(users), journal, journaled=True)) as url:
        full = await microseconds(url, token)
    await journal.stop()
    users.close()
    await people.close()
    print(
        f"\na request of /v1/chat/completions (2 KB each way), CPU in µs: {floor:.0f} aiohttp and its client alone · "
        f"+{bare - floor:.0f} gateway · +{full - floor:.0f} with users and journal"
    )
    assert full - floor < 1000
