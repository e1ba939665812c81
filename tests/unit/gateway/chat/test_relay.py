"""A model elsewhere: what is handed on to it, and what comes back."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from .conftest import ASK

KEY = "key-of-the-server-0123"
CODE = "open sesame please"
VISITOR = "token-of-a-visitor"
REMOTE = {"X-Forwarded-For": "203.0.113.9"}


class Elsewhere:
    """A model's server that notes what it is asked and answers what a test wants."""

    def __init__(self):
        self.url = ""
        self.seen = []
        self.tokens = {KEY, VISITOR}
        self.models = [{"id": "test", "max_model_len": 4096}, {"id": "other"}]
        self.answer = None
        self.gone = asyncio.Event()

    async def serve(self, request):
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.seen.append((request.method, request.path, token, dict(request.headers)))
        if self.tokens and token not in self.tokens:
            return web.json_response({"error": {"message": "no"}}, status=401)
        if request.path == "/v1/models":
            if self.models is None:
                return web.Response(status=404)
            return web.json_response({"object": "list", "data": self.models})
        return (
            await self.answer(request) if self.answer else web.json_response({"echo": await request.json()})
        )


@pytest.fixture
async def elsewhere():
    server = Elsewhere()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
def through(browse, elsewhere):
    @asynccontextmanager
    async def opened(**chat):
        settings = {"url": elsewhere.url, "key": KEY, "code": CODE, "models": "-all,+test", **chat}
        settings = {name: value for name, value in settings.items() if value is not None}
        async with browse({"chat": settings}, llm=None) as browser:
            yield browser

    return opened


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/"])
async def test_the_code_goes_with_the_servers_key(through, elsewhere, end):
    async with through(url=elsewhere.url + end) as browser:
        assert await browser.sign_in(CODE) == 200
        assert await browser.models() == (200, ["test"])
        status, told = await browser.json("POST", "/chat/v1/chat/completions", json=ASK)
    assert (status, told) == (200, {"echo": ASK})
    assert [seen[:3] for seen in elsewhere.seen] == [
        ("GET", "/v1/models", KEY),
        ("POST", "/v1/chat/completions", KEY),
    ]
    assert all("Cookie" not in headers for *_, headers in elsewhere.seen)


async def test_a_visitors_token_is_judged_by_the_server(through, elsewhere):
    async with through() as browser:
        for token, status in ((VISITOR, 200), ("wrong", 401)):
            headers = {**REMOTE, "Authorization": f"Bearer {token}"}
            assert (await browser.models(headers=headers))[0] == status
        assert (await browser.models(headers=REMOTE))[0] == 401
    assert KEY not in {token for _, _, token, _ in elsewhere.seen}


async def test_a_server_that_judges_nobody_is_open_to_this_machine_and_the_code_only(through, elsewhere):
    elsewhere.tokens = set()
    async with through(key=None) as browser:
        assert (await browser.models(headers={**REMOTE, "Authorization": "Bearer anything"}))[0] == 403
        assert (await browser.models(headers=REMOTE))[0] == 401
        assert (await browser.models())[0] == 200
        assert await browser.sign_in(CODE) == 200
        assert (await browser.models(headers=REMOTE))[0] == 200


async def test_a_key_that_is_refused_is_the_administrators_matter(through, elsewhere):
    elsewhere.tokens = {VISITOR}
    async with through() as browser:
        assert await browser.sign_in(CODE) == 200
        status, message = await browser.models()
        assert status == 403
        assert "gateway.chat.key" in message


async def test_rules_name_the_models_of_a_server_that_lists_none(through, elsewhere):
    elsewhere.models = None
    async with through(models="-all,+far,+near") as browser:
        assert await browser.sign_in(CODE) == 200
        assert await browser.models() == (200, ["far", "near"])


@pytest.mark.parametrize("body", [{**ASK, "model": "other"}, {"messages": []}, [], {"model": 5}])
async def test_what_is_not_offered_is_not_asked_for(through, elsewhere, body):
    async with through() as browser:
        assert await browser.sign_in(CODE) == 200
        status, told = await browser.json("POST", "/chat/v1/chat/completions", json=body)
        assert (status, told["type"]) == (404, "NotFoundError")
    assert elsewhere.seen == []


async def test_an_error_comes_back_as_the_server_told_it(through, elsewhere):
    async def refuse(_request):
        return web.json_response({"error": {"message": "temperature is odd"}}, status=400)

    elsewhere.answer = refuse
    async with through() as browser:
        assert await browser.sign_in(CODE) == 200
        assert await browser.json("POST", "/chat/v1/chat/completions", json=ASK) == (
            400,
            {"error": {"message": "temperature is odd"}},
        )


async def test_a_stream_is_handed_on_piece_by_piece_and_ends_with_its_reader(through, elsewhere):
    more = asyncio.Event()

    async def stream(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            await response.write(b'data: {"n": 1}\n\n')
            await more.wait()
            while True:
                await response.write(b'data: {"n": 2}\n\n')
                await asyncio.sleep(0)
        except (ConnectionResetError, asyncio.CancelledError):
            elsewhere.gone.set()
            raise

    elsewhere.answer = stream
    async with through() as browser:
        assert await browser.sign_in(CODE) == 200
        url = f"{browser.served.url}/chat/v1/chat/completions"
        async with browser.client.post(url, json=ASK) as response:
            assert response.content_type == "text/event-stream"
            assert await response.content.readline() == b'data: {"n": 1}\n'
            more.set()
        async with asyncio.timeout(20):
            await elsewhere.gone.wait()


async def test_a_stream_that_breaks_off_is_told_in_the_stream(through, elsewhere):
    async def broken(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b'data: {"n": 1}\n\n')
        request.transport.abort()
        return response

    elsewhere.answer = broken
    async with through() as browser:
        assert await browser.sign_in(CODE) == 200
        status, _, text = await browser.call("POST", "/chat/v1/chat/completions", json=ASK)
        assert status == 200
        assert json.loads(text.split("data: ")[-1])["error"]["code"] == 503


async def test_a_redirect_is_not_followed(through, elsewhere):
    async def sent_away(_request):
        raise web.HTTPTemporaryRedirect(f"{elsewhere.url}/v1/models")

    elsewhere.answer = sent_away
    async with through() as browser:
        assert await browser.sign_in(CODE) == 200
        assert (await browser.json("POST", "/chat/v1/chat/completions", json=ASK))[0] == 503
    assert len(elsewhere.seen) == 1


@pytest.mark.parametrize("content", ["<h1>Welcome</h1>", "{broken"])
async def test_what_is_no_protocol_of_ours_is_503(through, elsewhere, content):
    async def page(_request):
        return web.Response(text=content, content_type="text/html")

    elsewhere.answer = page
    async with through() as browser:
        assert await browser.sign_in(CODE) == 200
        assert (await browser.json("POST", "/chat/v1/chat/completions", json=ASK))[0] == 503


async def test_a_server_that_is_not_there_is_503(through):
    async with through(url="http://127.0.0.1:9") as browser:
        assert await browser.sign_in(CODE) == 200
        assert (await browser.models())[0] == 503
        assert (await browser.json("POST", "/chat/v1/chat/completions", json=ASK))[0] == 503
