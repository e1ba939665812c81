"""The application: one community's API over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from doubles.vk.faults import ApiError, Interrupted, error_body, failed
from doubles.vk.files import Files
from doubles.vk.people import People
from doubles.vk.talking import Talking
from doubles.vk.vkscript import Script


class FakeVk(People, Talking, Files):
    """One community and the people around it. `url` is what `connectors.vk.NAME.api` is set to."""

    def application(self) -> web.Application:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/method/{method}", self._method)
        app.router.add_route("*", "/poll", self._poll)
        app.router.add_post("/upload/{kind}", self._upload)
        app.router.add_get("/files/{name}", self._file)
        return app

    async def _method(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        values = {name: str(value) for name, value in {**request.query, **await request.post()}.items()}
        fault = self._fault(method)
        if fault is not None and fault != "lost":
            return failed(request, fault)
        try:
            answer = self._carry_out(method, values)
        except ApiError as error:
            answer = error_body(error.code, error.reason)
        except Interrupted as interrupted:
            return failed(request, interrupted.fault)
        if fault == "lost":
            return failed(request, "reset")
        async with self._something:
            self._something.notify_all()
        return web.json_response(answer)

    def _carry_out(self, method: str, values: dict[str, str]) -> dict[str, Any]:
        if values.pop("access_token", "") != self.token:
            raise ApiError(5)
        if not values.pop("v", ""):
            raise ApiError(8)
        self._count()
        if method == "execute":
            return self._execute(values)
        return {"response": self._do(method, values)}

    def _execute(self, values: dict[str, str]) -> dict[str, Any]:
        """Many calls in one: each may fail for itself, and a broken connection takes those that come after it along."""
        script = Script(values.get("code", ""), self._part)
        answer = {"response": script.run()}
        self.calls.append(("execute", values))
        return answer | ({"execute_errors": script.errors} if script.errors else {})

    def _part(self, method: str, values: dict[str, str]) -> Any:
        fault = self._fault(method)
        if isinstance(fault, int):
            raise ApiError(fault)
        if fault is not None and fault != "lost":
            raise Interrupted(fault)
        response = self._do(method, values)
        if fault == "lost":
            raise Interrupted(fault)
        return response

    def _do(self, method: str, values: dict[str, str]) -> Any:
        known: dict[str, Callable[[dict[str, str]], Any]] = {
            "groups.getById": self._community,
            "groups.getLongPollServer": self._server,
            "messages.send": self._send,
            "messages.edit": self._edit,
            "messages.setActivity": lambda _: 1,
            "messages.isMessagesFromGroupAllowed": self._allowed,
            "messages.sendMessageEventAnswer": self._answer_press,
            "messages.getByConversationMessageId": self._by_number,
            "messages.getConversations": self._unanswered,
            "messages.getHistory": self._history,
            "photos.getMessagesUploadServer": lambda _: {"upload_url": f"{self.url}/upload/photo"},
            "photos.saveMessagesPhoto": self._save_photo,
            "docs.getMessagesUploadServer": lambda given: {
                "upload_url": f"{self.url}/upload/{given.get('type', 'doc')}"
            },
            "docs.save": self._save_document,
        }
        if method not in known:
            raise ApiError(3)
        response = known[method](values)
        self.calls.append((method, values))
        return response

    def _count(self) -> None:
        if self._rate is None:
            return
        now = asyncio.get_running_loop().time()
        while self._times and now - self._times[0] >= 1.0:
            self._times.popleft()
        if len(self._times) >= self._rate:
            raise ApiError(6)
        self._times.append(now)

    def _community(self, _values: dict[str, str]) -> Any:
        return {"groups": [{"id": self.group_id, "name": "Shop", "screen_name": "shop", "type": "group"}]}


@asynccontextmanager
async def running(vk: FakeVk) -> AsyncIterator[FakeVk]:
    """Serve it on a port of this machine."""
    runner = web.AppRunner(vk.application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    vk.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield vk
    finally:
        await vk.hang_up()
        await runner.cleanup()
