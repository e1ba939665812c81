"""Calls of VK's Callback API: only VK itself is heard, and only what is on disk is acknowledged."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

from ses.connectors.vk.config import Community
from ses.connectors.vk.parse import Event, Malformed, parse

PATIENCE = 8.0
"""Seconds in which an event must be stored; VK gives up after ten, and calls again."""


class Hook:
    """Answers the calls of one community."""

    def __init__(self, community: Community) -> None:
        self._community = community

    async def answer(self, body: bytes, take: Callable[[Event], Awaitable[bool]]) -> web.Response:
        """`ok` when the event is stored, or is nothing to us; 403 for strangers; 503 when VK should call again."""
        community = self._community
        if community.mode != "callback":
            return web.Response(status=403)
        try:
            event = parse(body)
        except Malformed:
            return web.Response(status=403)
        right = secrets.compare_digest(event.secret.encode(), community.secret.encode())
        if not right or event.group_id != community.group_id:
            return web.Response(status=403)
        if event.type == "confirmation":
            return web.Response(text=community.confirmation)
        try:
            async with asyncio.timeout(PATIENCE):
                taken = await take(event)
        except Malformed:
            taken = True  # it will be no better when it comes again
        except TimeoutError:
            taken = False
        return web.Response(text="ok") if taken else web.Response(status=503)
