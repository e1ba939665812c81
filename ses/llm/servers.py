"""Other OpenAI-compatible servers: which of them answers, how busy each is, who takes the next request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp
import msgspec
import structlog

from ses.clock import Clock
from ses.flow.backoff import Backoff
from ses.llm.errors import EngineUnavailable

log = structlog.get_logger("ses.llm")

PERIOD = 5.0
"""Seconds between two probes of a server that is well."""
FIRST_PAUSE = 10.0
LONGEST_PAUSE = 30.0
"""Seconds between two probes of a server that stays away."""
PATIENCE = 3.0
"""Seconds a server has to say that it is there."""
FAILURES = 3
"""Requests in a row that fail before a server is left alone until it answers a probe."""


class ServerSettings(msgspec.Struct, frozen=True):
    url: str
    """Of the API, `http://10.0.0.5:8000/v1`."""
    key: str = ""


class Offered(msgspec.Struct):
    """A model in a server's list."""

    id: str
    max_model_len: int | None = None


class _Offers(msgspec.Struct):
    data: list[Offered] = []


_offers = msgspec.json.Decoder(_Offers)


class Server:
    """One server, as far as this daemon knows."""

    def __init__(self, settings: ServerSettings) -> None:
        self.url = settings.url.rstrip("/")
        self.headers = {"Authorization": f"Bearer {settings.key}"} if settings.key else {}
        self.running = 0
        self.up = False
        self.models: tuple[Offered, ...] = ()
        self.trouble = "has not been asked yet"
        self._failures = 0

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self, trouble: str) -> None:
        """A request broke; after some in a row the server is taken out."""
        self._failures += 1
        if self._failures >= FAILURES and self.up:
            self._leave(trouble)

    def unreachable(self, trouble: str) -> None:
        """There was no connection: nothing more is sent there until it answers again."""
        self._leave(trouble)

    def answered(self, models: Sequence[Offered]) -> None:
        if not self.up:
            log.info("a model server is there", server=self.url, models=[one.id for one in models])
        self.up, self.trouble, self.models, self._failures = True, "", tuple(models), 0

    def _leave(self, trouble: str) -> None:
        if self.up or self.trouble != trouble:
            log.warning("a model server is left out", server=self.url, reason=trouble)
        self.up, self.trouble = False, trouble


class Servers:
    """All of them, probed from time to time. `session` is opened inside the running loop."""

    def __init__(self, settings: Sequence[ServerSettings], clock: Clock) -> None:
        self.all = [Server(one) for one in settings]
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=PATIENCE, sock_read=300)
            connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=60)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._session

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._keep_probing(server), name=f"server {server.url}") for server in self.all
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def choose(self, model: str, beside: Sequence[Server] = ()) -> Server:
        """The least busy server that is there, of those that have the model if any has; not one of `beside`.

        Raises `EngineUnavailable` when none is left.
        """
        there = [server for server in self.all if server.up and server not in beside]
        if not there:
            raise EngineUnavailable(self.trouble() or "no model server answers")
        having = [server for server in there if any(one.id == model for one in server.models)]
        return min(having or there, key=lambda server: server.running)

    def others(self, beside: Sequence[Server]) -> bool:
        """Whether a server is there that is not one of `beside`."""
        return any(server.up and server not in beside for server in self.all)

    def trouble(self) -> str:
        """Which servers are missing, and why; empty when all are there."""
        return "; ".join(f"{server.url} {server.trouble}" for server in self.all if not server.up)

    async def probe(self, server: Server) -> bool:
        """Ask a server for its models."""
        try:
            async with (
                asyncio.timeout(PATIENCE),
                self.session.get(f"{server.url}/models", headers=server.headers) as response,
            ):
                if response.status != 200:
                    server.unreachable(f"answers {response.status}")
                    return False
                server.answered(_offers.decode(await response.read()).data)
                return True
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.MsgspecError) as error:
            server.unreachable(f"cannot be reached ({type(error).__name__})")
            return False

    async def _keep_probing(self, server: Server) -> None:
        absence = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        while True:
            if await self.probe(server):
                absence.reset()
                await self._clock.sleep(PERIOD)
            else:
                await self._clock.sleep(absence.next())
