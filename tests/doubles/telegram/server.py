"""The Bot API of one bot over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from doubles.telegram.faults import Fault, Refusal, broken, refusal_of, refused
from doubles.telegram.messages import BOT, TOKEN
from doubles.telegram.people import Person
from doubles.telegram.speech import Speech
from doubles.telegram.updates import Updates


class TelegramFake(Updates, Speech):
    """The server and everybody who writes to the bot."""

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=60 << 20)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._caller is not None:
            self._caller.cancel()
            await asyncio.gather(self._caller, return_exceptions=True)
        if self._runner is not None:
            self._poll += 1
            self._news.set()
            await self._runner.cleanup()

    # --- people ------------------------------------------------------------------------------------------------

    def person(self, id: int, *, name: str = "Аня", language: str = "ru") -> Person:
        return Person(self, id, {"id": id, "type": "private", "first_name": name}, name, language)

    def member(self, group: int, id: int, *, name: str = "Аня", language: str = "ru") -> Person:
        """Somebody in a group (`group` < 0)."""
        return Person(self, id, {"id": group, "type": "supergroup", "title": "Друзья"}, name, language)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if request.match_info["token"] != self.token:
            return refused(Refusal(401, "Unauthorized"))
        fault = self._fault(method)
        if fault is not None and fault.reset == "before":
            return broken(request)
        if fault is not None and fault.status:
            return refused(refusal_of(fault))
        fields, files = await _fields(request)
        if fault is not None and fault.late:
            self._said.set()
            await asyncio.sleep(fault.late)
        doing = getattr(self, f"_do_{method.lower()}", None)
        sending = method.startswith("send") and doing is None
        before = len(self.sent)
        try:
            if doing is not None:
                result = await doing(fields, files)
            elif sending:
                result = self._send(method, fields, files)
            else:
                return refused(Refusal(404, "Not Found: method not found"))
        except Refusal as refusal:
            return refused(refusal)
        self.calls.append((method, fields))
        lost = fault is not None and (fault.reset == "after" or fault.silence)
        if method.startswith("send"):  # while news are waited for, others send
            for sent in self.sent[before:]:
                sent.answered = not lost
        self._said.set()
        if fault is not None and fault.silence:
            await asyncio.sleep(fault.silence)
        if lost:
            return broken(request)
        return web.json_response({"ok": True, "result": result})

    def _fault(self, method: str) -> Fault | None:
        if self.faults and self.faults[0].method.casefold() in ("", method.casefold()):
            return self.faults.popleft()
        return self.fault(method)

    async def _do_getme(self, fields: dict[str, Any], files: Any) -> Any:
        return BOT


@asynccontextmanager
async def telegram(token: str = TOKEN) -> AsyncIterator[TelegramFake]:
    """A running fake."""
    fake = TelegramFake(token)
    await fake.start()
    try:
        yield fake
    finally:
        await fake.stop()


async def _fields(request: web.Request) -> tuple[dict[str, Any], dict[str, tuple[str, bytes]]]:
    """The fields of a call, whatever the form, and its files."""
    fields: dict[str, Any] = dict(request.query)
    files: dict[str, tuple[str, bytes]] = {}
    if request.content_type == "application/json":
        fields |= await request.json()
    elif request.can_read_body:
        form = await request.post()
        for name, value in form.items():
            if isinstance(value, web.FileField):
                files[name] = (value.filename, value.file.read())
            else:
                fields[name] = value
    for name in (
        "reply_markup",
        "media",
        "allowed_updates",
        "entities",
        "link_preview_options",
        "reply_parameters",
    ):
        if isinstance(fields.get(name), str):
            fields[name] = json.loads(fields[name])
    return fields, files
