"""Calls of VK's Callback API: only VK itself is heard, and only what is on disk is acknowledged."""

from __future__ import annotations

import secrets

from aiohttp import web

from ses.connectors.vk.config import Settings
from ses.connectors.vk.intake import Intake
from ses.connectors.vk.parse import Event, Malformed, parse
from ses.connectors.webhooks import PATIENCE, call_again, stored_in_time


async def answer(
    settings: Settings, intake: Intake | None, body: bytes, *, patience: float = PATIENCE
) -> web.Response:
    """`ok` when the event is stored, or is nothing to us; 403 for strangers; 503 when VK should call again."""
    if settings.mode != "callback":
        return web.Response(status=403)
    try:
        event = parse(body)
    except Malformed:
        return web.Response(status=403)
    if not _is_vk(settings, event):
        return web.Response(status=403)
    if event.type == "confirmation":
        return web.Response(text=settings.confirmation)
    stored = intake is not None and await _stored(intake, event, patience)
    return web.Response(text="ok") if stored else call_again()


def _is_vk(settings: Settings, event: Event) -> bool:
    right = secrets.compare_digest(event.secret.encode(), settings.secret.encode())
    return right and event.group_id == settings.group_id


async def _stored(intake: Intake, event: Event, patience: float) -> bool:
    """Whether all that an event brings is on disk in time, or never will be."""
    try:
        received = intake.read(event)
    except Malformed:
        return True  # it will be no better when it comes again
    return intake.has_room(received) and await stored_in_time(intake.enter(received), patience)
