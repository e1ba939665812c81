"""The webhook: Telegram is told where to call, and only what is on disk is acknowledged."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from aiohttp import web
from telegram.error import Conflict

from ses.clock import Clock
from ses.connectors.telegram.client import Client
from ses.connectors.telegram.config import Settings
from ses.connectors.telegram.intake import Intake
from ses.connectors.telegram.parse import ALLOWED, Malformed, parse
from ses.connectors.telegram.status import ConnectionStatus
from ses.connectors.webhooks import PATIENCE, call_again, stored_in_time

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  the name of a header
LOOK = 60.0
"""Seconds between two looks at a webhook's state."""


async def hold(client: Client, settings: Settings, status: ConnectionStatus, clock: Clock) -> None:
    """Tell Telegram where to call, and look now and then whether it still does. Raises `TelegramError`."""
    await client.call(
        lambda bot: bot.set_webhook(
            settings.webhook_url, secret_token=settings.secret_token, allowed_updates=ALLOWED
        )
    )
    while True:
        info = await client.call(lambda bot: bot.get_webhook_info())
        if info.url != settings.webhook_url:
            raise Conflict("somebody else has changed the bot's webhook")
        waiting = info.pending_update_count
        if info.last_error_message and waiting:
            problem = f"Telegram cannot deliver to {settings.webhook_url}: {info.last_error_message}"
            status.cannot_receive(f"{problem} ({waiting} updates wait)")
        else:
            status.connected()
        await clock.sleep(LOOK)


def is_telegram(settings: Settings, headers: Mapping[str, str]) -> bool:
    """Whether a call brings the secret that only Telegram knows."""
    expected = settings.secret_token.encode()
    given = headers.get(SECRET_HEADER, "").encode()
    return secrets.compare_digest(given, expected) and bool(expected) and settings.mode == "webhook"


async def answer(intake: Intake | None, body: bytes, *, patience: float = PATIENCE) -> web.Response:
    """200 when the update is on disk, or is none to be stored; else 503, after which Telegram brings it again before it
    brings what came later in that chat."""
    if intake is None:
        return call_again()
    try:
        received = intake.read(parse(body))
    except Malformed as error:
        intake.left_out(error)
        return web.Response()
    if received is None:
        return web.Response()
    stored = intake.enter_alone(received)
    if stored is None or not await stored_in_time([stored], patience):
        return call_again()
    return web.Response()
