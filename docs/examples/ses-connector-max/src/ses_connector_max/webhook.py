"""The webhook: MAX is told where to call, and only what is on disk is acknowledged."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ses.clock import Clock
from ses.connectors.webhooks import PATIENCE, call_again, stored_in_time
from ses_connector_max.client import Client
from ses_connector_max.intake import Intake
from ses_connector_max.parse import TYPES
from ses_connector_max.status import ConnectionStatus

LOOK = 600.0
"""Seconds between two looks at the subscription: MAX ends it when nobody answers for eight hours."""


async def hold(client: Client, status: ConnectionStatus, clock: Clock, url: str, secret: str) -> None:
    """Tell MAX where to call, and look now and then whether it still does. Raises `CallFailed`."""
    body = {"url": url, "update_types": list(TYPES), "secret": secret}
    await client.call("POST", "subscriptions", body=body)
    status.connected()
    while True:
        await clock.sleep(LOOK)
        known: list[dict[str, Any]] = (await client.call("GET", "subscriptions")).get("subscriptions") or []
        if url not in [one.get("url") for one in known]:
            status.cannot_receive(f"MAX has ended the subscription of {url}; it is made anew")
            await client.call("POST", "subscriptions", body=body)
        status.connected()


async def answer(intake: Intake | None, body: bytes, *, patience: float = PATIENCE) -> web.Response:
    """200 when the update is on disk, or is nothing to us; else 503, after which MAX brings it again."""
    if intake is None:
        return call_again()
    received = intake.read(body)
    if received is None:
        return web.Response()
    if not intake.has_room(received) or not await stored_in_time([intake.enter(received)], patience):
        return call_again()
    return web.Response()
