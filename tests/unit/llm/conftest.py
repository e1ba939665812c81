from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web

from ses.llm.requests import ChatRequest


class FakeServer:
    """A small OpenAI-compatible server with faults to order: `fault` is one of "", "500", "503", "400", "reset",
    "half", "slow", "garbage", "cut"."""

    def __init__(self) -> None:
        self.fault = ""
        self.models = [{"id": "tiny", "max_model_len": 512}]
        self.asked: list[dict] = []
        self.keys: list[str] = []
        self.left = asyncio.Event()
        """A client went away before its answer was whole."""
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/v1/models", self._list)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._complete)
        app.router.add_post("/v1/embeddings", self._embed)
        app.router.add_post("/tokenize", self._tokenize)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}/v1"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _list(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers.get("Authorization", ""))
        return web.json_response({"object": "list", "data": self.models})

    async def _faulty(self, request: web.Request) -> web.Response | None:
        self.asked.append(await request.json())
        if self.fault in {"500", "503", "400"}:
            error = {
                "message": f"fault {self.fault}",
                "type": "X",
                "param": "temperature",
                "code": int(self.fault),
            }
            return web.json_response({"error": error}, status=int(self.fault), headers={"Retry-After": "7"})
        if self.fault == "reset":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if self.fault == "garbage":
            return web.Response(text="<html>")
        if self.fault == "long":
            text = "This model's maximum context length is 512 tokens. However, you requested 600 tokens (590 in the messages)."
            return web.json_response({"object": "error", "message": text, "code": 400}, status=400)
        if self.fault == "slow":
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.left.set()
                raise
        return None

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        if (answer := await self._faulty(request)) is not None:
            return answer
        asked = self.asked[-1]
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        if not asked.get("stream"):
            message = {"role": "assistant", "content": "Hello there", "reasoning_content": "hm", "unknown": 1}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return web.json_response(
                {
                    "id": "1",
                    "object": "chat.completion",
                    "created": 5,
                    "model": asked["model"],
                    "choices": [choice],
                    "usage": usage,
                }
            )
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number, word in enumerate(["Hello", " there"]):
            piece = {"id": "1", "choices": [{"index": 0, "delta": {"content": word}}]}
            event = f"data: {json.dumps(piece)}\n\n".encode()
            await response.write(event[:9])  # events arrive in pieces
            await response.write(event[9:])
            if number == 0 and self.fault == "half":
                assert request.transport is not None
                request.transport.abort()
                return response
            if number == 0 and self.fault == "cut":
                return response
            if number == 0 and self.fault == "error":
                await response.write(b'data: {"error": {"message": "boom", "code": 500}}\n\n')
                return response
            if number == 0 and self.fault == "hang":
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    self.left.set()
                    raise
        await response.write(f"data: {json.dumps({'id': '1', 'choices': [], 'usage': usage})}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if (answer := await self._faulty(request)) is not None:
            return answer
        choice = {"index": 0, "text": "more", "finish_reason": "length"}
        return web.json_response(
            {"id": "2", "choices": [choice], "usage": {"prompt_tokens": 1, "total_tokens": 2}}
        )

    async def _embed(self, request: web.Request) -> web.StreamResponse:
        if (answer := await self._faulty(request)) is not None:
            return answer
        texts = self.asked[-1]["input"]
        data = [{"index": i, "embedding": [float(i), 1.0]} for i in range(len(texts))]
        return web.json_response(
            {"data": data[::-1], "usage": {"prompt_tokens": len(texts), "total_tokens": len(texts)}}
        )

    async def _tokenize(self, request: web.Request) -> web.Response:
        return web.json_response({"count": 11, "tokens": []})


@pytest.fixture
async def server():
    made = FakeServer()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def second():
    made = FakeServer()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def question():
    def ask(text: str = "Hi", **more) -> ChatRequest:
        return ChatRequest(messages=[{"role": "user", "content": text}], **more)

    return ask
