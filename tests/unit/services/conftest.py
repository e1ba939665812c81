from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from ses.clock import VirtualClock


@dataclass
class Calls:
    """What an observer was told: (service, outcome)."""

    seen: list[tuple[str, str]] = field(default_factory=list)

    def called(self, service: str, seconds: float, outcome: str) -> None:
        assert seconds >= 0
        self.seen.append((service, outcome))


@dataclass
class Peer:
    """A real HTTP server on a free port, whose answers a test scripts; the last one repeats."""

    url: str = ""
    port: int = 0
    answers: list[Callable[[web.Request], Awaitable[web.StreamResponse]]] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def answer_json(self, *values: object, status: int = 200) -> None:
        for value in values:

            async def answer(request: web.Request, value: object = value) -> web.StreamResponse:
                return web.json_response(value, status=status)

            self.answers.append(answer)

    def answer_text(
        self, text: str | bytes, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            body = text if isinstance(text, bytes) else text.encode()
            return web.Response(body=body, status=status, headers=headers)

        self.answers.append(answer)

    def reset(self) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        self.answers.append(answer)

    def hang(self) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            import asyncio

            await asyncio.Event().wait()
            raise AssertionError

        self.answers.append(answer)

    def cut(self) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            response.content_length = 1000
            await response.prepare(request)
            await response.write(b'{"error": 0, "cla')
            assert request.transport is not None
            request.transport.abort()
            return response

        self.answers.append(answer)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", peer.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    peer.port = runner.addresses[0][1]
    peer.url = f"http://127.0.0.1:{peer.port}"
    yield peer
    await runner.cleanup()


class PausesClock(VirtualClock):
    """A clock on which pauses are over at once; it notes them."""

    def __init__(self) -> None:
        super().__init__(1_700_000_000.0, autojump=True)
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await super().sleep(seconds)


@pytest.fixture
def clock() -> PausesClock:
    return PausesClock()


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
