"""How the community hears what happened: Bots Long Poll and the Callback API."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from doubles.vk.community import Community
from doubles.vk.faults import ApiError, failed
from ses.flow.keyed_queue import KeyedQueue


class Events(Community):
    """Events that wait for the long poll, or go to the address of the Callback API."""

    def __init__(self, *values: Any, **given: Any) -> None:
        super().__init__(*values, **given)
        self._calls: KeyedQueue[int, dict[str, Any]] = KeyedQueue(self._call_back)
        """By peer: VK brings the events of one in order."""

    async def tell(self, kind: str, what: Any, **envelope: Any) -> dict[str, Any]:
        """Something happened: an event for the community."""
        event = self._event(kind, what) | envelope
        await self.repeat(event)
        return event

    def _event(self, kind: str, what: Any) -> dict[str, Any]:
        return {
            "group_id": self.group_id,
            "type": kind,
            "event_id": secrets.token_hex(20),
            "v": "5.199",
            "object": what,
        }

    async def repeat(self, event: dict[str, Any]) -> None:
        """Send an event, perhaps once more."""
        self.newest = event
        if self.callback is not None:
            self._calls.put(_peer(event), event)
            return
        async with self._something:
            self._events.append(event)
            self._something.notify_all()

    def forget(self) -> None:
        """Lose the events that were not fetched, as VK does after hours; their messages stay in the conversations."""
        self._base += len(self._events)
        self._events.clear()

    @property
    def here(self) -> int:
        """`ts` behind the newest event."""
        return self._base + len(self._events)

    def _server(self, values: dict[str, str]) -> Any:
        if values.get("group_id") != str(self.group_id):
            raise ApiError(15)
        self._key = secrets.token_hex(8)
        return {"key": self._key, "server": f"{self.url}/poll", "ts": str(self.here)}

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        fault = self.poll_faults.popleft() if self.poll_faults else None
        self.polls += 1
        async with self._something:
            self._something.notify_all()
        if fault is not None:
            return failed(request, fault)
        values = {**request.query, **await request.post()}
        here = self.here
        if self.failed:
            code = self.failed.popleft()
            return web.json_response({"failed": 1, "ts": here} if code == 1 else {"failed": code})
        if values.get("key") != self._key:
            return web.json_response({"failed": 2})
        ts = int(str(values.get("ts") or 0))
        if not self._base <= ts <= here:
            return web.json_response({"failed": 1, "ts": here})
        try:
            async with asyncio.timeout(float(str(values.get("wait", 25)))), self._something:
                await self._something.wait_for(lambda: self.here > ts or bool(self.failed))
        except TimeoutError:
            pass  # nothing happened: an empty list of news
        updates = self._events[max(0, ts - self._base) :][:100]
        if len(self._events) > self.kept:
            gone = len(self._events) - self.kept
            self._base += gone
            del self._events[:gone]
        return web.json_response({"ts": str(ts + len(updates)), "updates": updates})

    async def hang_up(self) -> None:
        """Answer the calls that wait for news."""
        async with self._something:
            self._closing = True
            self._something.notify_all()
        await self._calls.close()

    async def _call_back(self, peer: int, event: dict[str, Any]) -> None:
        """Call the address of the Callback API with an event until it is acknowledged."""
        async with ClientSession(timeout=ClientTimeout(total=10)) as http:
            while not await self._called(http, event):
                await asyncio.sleep(0.05)
        self.acknowledged.add(event["event_id"])
        async with self._something:
            self._something.notify_all()

    async def confirm(self) -> str:
        """Ask the address for the community's string, as VK does when it is set up."""
        assert self.callback is not None
        event = {"type": "confirmation", "group_id": self.group_id, "secret": self.callback[1]}
        async with ClientSession() as http, http.post(self.callback[0], json=event) as response:
            return await response.text()

    async def _called(self, http: ClientSession, event: dict[str, Any]) -> bool:
        assert self.callback is not None
        url, secret = self.callback
        try:
            async with http.post(url, json={**event, "secret": secret}) as response:
                answer = (response.status, await response.text())
        except (ClientError, TimeoutError, OSError):
            return False
        self.callback_answers.append(answer)
        async with self._something:
            self._something.notify_all()
        return answer == (200, "ok")


def _peer(event: dict[str, Any]) -> int:
    """Whose conversation an event is of; 0: nobody's."""
    what = event["object"]
    message = what.get("message", what) if isinstance(what, dict) else {}
    return int(message.get("peer_id") or message.get("user_id") or 0)
