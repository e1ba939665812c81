"""How updates come: `GET /updates` again and again, or a webhook that is looked after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from ses.connectors.contract import Reception
from ses.connectors.status import ConnectionStatus
from ses_connector_max.client import READ, CallFailed, Client
from ses_connector_max.parse import TYPES, Page

WAIT = 30
"""Seconds that MAX holds a call until there is news."""
LIMIT = 100
"""Updates of one call."""
GAP = 0.5
"""Seconds between two calls: MAX takes two polls a second."""
LOOK = 600.0
"""Seconds between two looks at the subscription: MAX ends it when nobody answers for eight hours."""

Take = Callable[[list[msgspec.Raw]], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]


async def poll(
    client: Client, reception: Reception, standing: ConnectionStatus, take: Take, sleep: Sleep, wait: int
) -> None:
    """Fetch updates for ever. `take` returns when they are on disk; only then the marker moves past them, first on this
    disk, then at MAX. Raises `CallFailed`."""
    for subscription in (await client.call("GET", "subscriptions")).get("subscriptions") or ():
        # MAX polls nobody whom it calls.
        await client.call("DELETE", "subscriptions", query={"url": subscription.get("url")})
    noted = await reception.recall(standing.name, "marker")
    marker = int(noted) if noted else None
    first = True
    while True:
        query = {"limit": LIMIT, "timeout": 0 if first else wait, "marker": marker}
        page = _page(await client.call("GET", "updates", query=query, read=READ + wait))
        first = False
        standing.connected()
        await take(list(page.updates))
        if page.marker is not None and page.marker != marker:
            await reception.remember(standing.name, "marker", str(page.marker))
            marker = page.marker
        await sleep(GAP)


async def hold_webhook(
    client: Client, standing: ConnectionStatus, url: str, secret: str, sleep: Sleep
) -> None:
    """Tell MAX where to call, and look now and then whether it still does. Raises `CallFailed`."""
    body = {"url": url, "update_types": list(TYPES), "secret": secret}
    await client.call("POST", "subscriptions", body=body)
    standing.connected()
    while True:
        await sleep(LOOK)
        known: list[dict[str, Any]] = (await client.call("GET", "subscriptions")).get("subscriptions") or []
        if url not in [one.get("url") for one in known]:
            standing.cannot_receive(f"MAX has ended the subscription of {url}; it is made anew")
            await client.call("POST", "subscriptions", body=body)
        standing.connected()


def _page(answer: Any) -> Page:
    """The updates stay as they came: bytes, each read by itself."""
    try:
        return msgspec.json.decode(msgspec.json.encode(answer), type=Page)
    except msgspec.ValidationError as error:
        raise CallFailed(
            "GET /updates", 0, "", f"an answer that is none: {error}"[:200], left=False
        ) from None
