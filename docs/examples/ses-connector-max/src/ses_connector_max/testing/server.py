"""The Bot API over HTTP, and the webhook that MAX calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from ses.flow.keyed_queue import KeyedQueue
from ses_connector_max.testing.judging import refused
from ses_connector_max.testing.shapes import BOT, error
from ses_connector_max.testing.world import World

AGAIN = 1.0
"""Seconds after which an update that was not answered 200 is brought again."""


class MaxFake(World):
    """The API of one bot."""

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard], client_max_size=1 << 28)
        app.add_routes(
            [
                web.get("/me", self._me),
                web.get("/updates", self._updates),
                web.post("/messages", self._send),
                web.put("/messages", self._edit),
                web.post("/answers", self._answer),
                web.post("/uploads", self._upload_slot),
                web.post("/upload/{number}", self._upload),
                web.post("/chats/{chat}/actions", self._action),
                web.get("/subscriptions", self._subscriptions),
                web.post("/subscriptions", self._subscribe),
                web.delete("/subscriptions", self._unsubscribe),
            ]
        )
        return app

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        upload = request.path.startswith("/upload/")
        if not upload and request.headers.get("Authorization") != self.token:
            return error(401, "verify.token", "Invalid access_token")
        body = None
        if request.can_read_body and not upload:
            try:
                body = await request.json()
            except ValueError:
                return error(400, "proto.payload", "the body is no JSON")
        async with self.changed:
            self.calls.append((request.method, request.path, dict(request.query), body))
            self.changed.notify_all()
        fault = next((one for one in self.faults if one.path == request.path), None)
        if fault is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
            if fault.status:
                return error(fault.status, fault.code, "as the test wants it", fault.headers)
            await handler(request)
            assert request.transport is not None
            request.transport.abort()
        return await handler(request)

    async def _me(self, request: web.Request) -> web.Response:
        return web.json_response(BOT)

    async def _updates(self, request: web.Request) -> web.Response:
        """Everything before `marker` is acknowledged; without one what was not acknowledged comes again."""
        try:
            limit, timeout = int(request.query.get("limit", 100)), int(request.query.get("timeout", 30))
            marker = int(request.query["marker"]) if "marker" in request.query else self.committed
        except ValueError:
            return error(400, "proto.payload", "limit, timeout and marker are numbers")
        if not 1 <= limit <= 1000 or not 0 <= timeout <= 90:
            return error(400, "proto.payload", "limit or timeout out of range")
        async with self.changed:
            self.polls += 1
            self.committed = max(self.committed, min(marker, len(self.updates)))
            self.changed.notify_all()
            try:
                async with asyncio.timeout(timeout):
                    await self.changed.wait_for(lambda: len(self.updates) > marker and not self.subscriptions)
            except TimeoutError:
                return web.json_response({"updates": [], "marker": marker})
        batch = self.updates[marker : marker + min(limit, 100)]
        return web.json_response({"updates": batch, "marker": marker + len(batch)})

    async def _send(self, request: web.Request) -> web.Response:
        query = request.query
        if ("user_id" in query) == ("chat_id" in query):
            return error(400, "proto.payload", "either user_id or chat_id")
        try:
            where = {key: int(query[key]) for key in ("user_id", "chat_id") if key in query}
        except ValueError:
            return error(400, "proto.payload", "ids are numbers")
        if where.get("user_id") in self.stopped:
            return error(403, "chat.denied", "error.dialog.suspended")
        body = await request.json()
        refusal = refused(body, self.uploads, self.unready)
        if refusal is not None:
            return refusal
        sent = await self.note(body, where)
        return web.json_response({"message": self.shown(sent)})

    async def _edit(self, request: web.Request) -> web.Response:
        sent = next((one for one in self.sent if one.mid == request.query.get("message_id")), None)
        if sent is None:
            return error(404, "not.found", "message not found")
        body = await request.json()
        refusal = refused(body, self.uploads, self.unready)
        if refusal is not None:
            return refusal
        async with self.changed:
            sent.text = body.get("text") or ""
            if body.get("attachments") is not None:
                sent.attachments = body["attachments"]
            sent.edits += 1
            self.changed.notify_all()
        return web.json_response({"success": True})

    async def _answer(self, request: web.Request) -> web.Response:
        callback = request.query.get("callback_id", "")
        known = {one["callback"]["callback_id"] for one in self.updates if "callback" in one}
        if callback not in known or not isinstance(await request.json(), dict):
            return error(400, "proto.payload", "callback_id is not known")
        async with self.changed:
            self.answered.append(callback)
            self.changed.notify_all()
        return web.json_response({"success": True})

    async def _upload_slot(self, request: web.Request) -> web.Response:
        kind = request.query.get("type", "")
        if kind not in ("image", "video", "audio", "file"):
            return error(400, "proto.payload", "type")
        number = str(next(self.numbers))
        self.upload_slots[number] = kind
        answer = {"url": f"{self.url}/upload/{number}"}
        if kind in ("video", "audio"):
            answer["token"] = f"token-{number}"
        return web.json_response(answer)

    async def _upload(self, request: web.Request) -> web.Response:
        """One file for one address. A picture's token comes in a map, a file's alone, a film's came before."""
        number = request.match_info["number"]
        kind = self.upload_slots.pop(number, None)
        if kind is None:
            return error(404, "not.found", "no such upload")
        part = await (await request.multipart()).next()
        assert isinstance(part, aiohttp.BodyPartReader)
        token = f"token-{number}"
        self.uploads[token] = (kind, part.filename or "", bytes(await part.read()))
        if kind == "image":
            return web.json_response({"photos": {"a1": {"token": token}}})
        if kind == "file":
            return web.json_response({"fileId": int(number), "token": token})
        return web.Response(text="<retval>1</retval>", content_type="text/html")

    async def _action(self, request: web.Request) -> web.Response:
        if (await request.json()).get("action") not in ("typing_on", "mark_seen", "sending_photo"):
            return error(400, "proto.payload", "action")
        return web.json_response({"success": True})

    async def _subscriptions(self, request: web.Request) -> web.Response:
        shown = [
            {"url": one["url"], "time": 0, "update_types": one.get("update_types")}
            for one in self.subscriptions
        ]
        return web.json_response({"subscriptions": shown})

    async def _subscribe(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not str(body.get("url", "")).startswith(("https://", "http://127.0.0.1:")):
            return error(400, "proto.payload", "url must start with https://")
        secret = body.get("secret")
        if secret is not None and not 5 <= len(secret) <= 256:
            return error(400, "proto.payload", "secret: size must be between 5 and 256")
        async with self.changed:
            self.subscriptions = [one for one in self.subscriptions if one["url"] != body["url"]] + [body]
            self.changed.notify_all()
        return web.json_response({"success": True})

    async def _unsubscribe(self, request: web.Request) -> web.Response:
        async with self.changed:
            self.subscriptions = [one for one in self.subscriptions if one["url"] != request.query.get("url")]
            self.changed.notify_all()
        return web.json_response({"success": True})

    # --- the webhook -------------------------------------------------------------------------------------------

    async def call(self) -> None:
        """Bring every update to whom is subscribed, again and again until 200: one person's in order."""
        calls: KeyedQueue[int, int] = KeyedQueue(lambda _person, number: self._bring(number))
        self._brought = self.committed
        try:
            while True:
                await self.until(self._has_news, seconds=3600)
                calls.put(_person(self.updates[self._brought]), self._brought)
                self._brought += 1
        finally:
            await calls.close()

    def _has_news(self) -> bool:
        self._brought = max(self._brought, self.committed)
        return bool(self.subscriptions) and self._brought < len(self.updates)

    async def _bring(self, number: int) -> None:
        status = 0
        while status != 200:
            status = await self._called(self.updates[number])
            if status != 200:
                await self.clock.sleep(AGAIN)
        async with self.changed:
            self._done.add(number)
            while self.committed in self._done:
                self.committed += 1
            self.changed.notify_all()

    async def _called(self, update: dict[str, Any]) -> int:
        """The status of the answer; 0 without one."""
        await self.until(lambda: bool(self.subscriptions), seconds=3600)
        subscription = self.subscriptions[0]
        headers = {"X-Max-Bot-Api-Secret": subscription.get("secret") or ""}
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.post(subscription["url"], json=update, headers=headers) as response,
            ):
                return response.status
        except aiohttp.ClientError:
            return 0


def _person(update: dict[str, Any]) -> int:
    """Who did it."""
    message = update.get("message") or {}
    user = (
        update.get("user") or (update.get("callback") or message).get("user") or message.get("sender") or {}
    )
    return int(user.get("user_id", 0))


@asynccontextmanager
async def running(fake: MaxFake, port: int = 0) -> AsyncIterator[MaxFake]:
    """Serve the API on this machine."""
    runner = web.AppRunner(fake.application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    calling = asyncio.create_task(fake.call())
    try:
        yield fake
    finally:
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        await runner.cleanup()
