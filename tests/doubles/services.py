"""SPR, TTS and SBS over HTTP for tests: they say what they are told to say, and note what they were asked."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class SpeechFake:
    """`servers.{spr,tts,sbs}.url` are `url` + `/spr`, `/tts`, `/sbs`."""

    def __init__(self, speech: bytes = b"") -> None:
        self.url = ""
        self.texts: list[str] = []
        """What SPR hears, in turn; the last one again and again."""
        self.speech = speech
        """What TTS says."""
        self.heard: list[dict[str, Any]] = []
        """Calls of SPR: the fields of the form, `model`, and the bytes of `wav`."""
        self.polled = 0
        """Looks at results of `async=1`."""
        self.looks = 0
        """Looks that find a task unready before it is ready."""
        self.spoken: list[dict[str, Any]] = []
        self.analysed = 0
        self.status = 200
        """From 400 on all three fail."""
        self.open = asyncio.Event()
        """While it is not set, SPR takes calls and does not answer."""
        self.open.set()
        self._changed = asyncio.Event()
        self._tasks: dict[str, list[Any]] = {}
        self._numbers = itertools.count(1)

    async def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/spr/stt/{model}", self._recognise)
        app.router.add_get("/spr/result/{task}", self._result)
        app.router.add_post("/tts/synthesize", self._synthesise)
        app.router.add_post("/sbs/analyze", self._analyse)
        app.router.add_post("/sbs/noiselevel", self._noise)
        return app

    async def _recognise(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
        wav = form["wav"]
        assert isinstance(wav, web.FileField)
        self.heard.append({**asked, "model": request.match_info["model"], "wav": wav.file.read()})
        text = self.texts[min(len(self.heard), len(self.texts)) - 1] if self.texts else ""
        self._changed.set()
        await self.open.wait()
        if "async" in asked:
            task = f"t{next(self._numbers)}"
            self._tasks[task] = [self.looks, text]
            return self._answer(taskID=task)
        return self._answer(model=request.match_info["model"], text=text)

    async def _result(self, request: web.Request) -> web.Response:
        self.polled += 1
        self._changed.set()
        task = self._tasks[request.match_info["task"]]
        if task[0]:
            task[0] -= 1
            return self._answer(status="working")
        return self._answer(status="ready", text=task[1])

    async def _synthesise(self, request: web.Request) -> web.Response:
        self.spoken.append(await request.json())
        self._changed.set()
        if self.status >= 400:
            return web.Response(status=self.status)
        return web.Response(body=self.speech, content_type="audio/ogg")

    async def _analyse(self, request: web.Request) -> web.Response:
        await request.post()
        self.analysed += 1
        told = {"age": "adult", "gender": "female", "emotion": "calm", "multispeaker": "no", "synth": "no"}
        return self._answer(**{name: {"class": one, "confidence": 0.9} for name, one in told.items()})

    async def _noise(self, request: web.Request) -> web.Response:
        await request.post()
        return self._answer(noise=12.5)

    def _answer(self, **fields: Any) -> web.Response:
        if self.status >= 400:
            return web.Response(status=self.status)
        return web.json_response({"error": 0, **fields})


@asynccontextmanager
async def speech(sound: bytes = b"") -> AsyncIterator[SpeechFake]:
    """A running fake whose TTS says `sound`."""
    fake = SpeechFake(sound)
    runner = web.AppRunner(fake.application(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()
