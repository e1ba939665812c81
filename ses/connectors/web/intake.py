"""Hands in what a page sends, one inbound after the other, and answers each: stored, or not and why.

The order is the page's: it keeps what was not acknowledged and sends it again, so nothing waits here (`ses.connectors.ordered_intake`
is for messengers, which do not). A refused inbound holds up those behind it: they are refused too until its time has come.
"""

from __future__ import annotations

import secrets
from typing import Any

import structlog

from ses.clock import Clock
from ses.connectors.contract import Reception, Refused
from ses.connectors.web import render
from ses.connectors.web.client import Sender
from ses.connectors.web.config import WebLimits
from ses.connectors.web.inbound import Visitor
from ses.connectors.web.rate_limit import SocketRateLimit
from ses.connectors.web.session_registry import SessionRegistry
from ses.messages import Inbound

log = structlog.get_logger("ses.connectors.web")

RETRY_AFTER = 5.0
"""Seconds a page waits when storing failed without saying for how long."""


class Intake:
    """What one socket brings."""

    def __init__(
        self,
        reception: Reception,
        registry: SessionRegistry[Any],
        visitor: Visitor,
        sender: Sender,
        limits: WebLimits,
        clock: Clock,
    ) -> None:
        self._reception = reception
        self._registry = registry
        self._visitor = visitor
        self._sender = sender
        self._clock = clock
        self._limit = SocketRateLimit(limits.messages, limits.per, limits.burst, clock.monotonic())
        self._refused_until = 0.0
        self._refused_code = ""

    async def hand_in(self, inbound: Inbound, answer_to: str | None) -> None:
        """Store an inbound and acknowledge it, or say why not."""
        wait = self._refused_until - self._clock.monotonic()
        if wait > 0:
            self.fail(self._refused_code, "An earlier message was refused", answer_to, wait)
            return
        wait, flood = self._limit.take(self._clock.monotonic())
        if flood:
            self._refuse(Refused("flood", "Too many messages", wait), answer_to)
            await self.tell_of_limit("flood")
            return
        if wait > 0:
            await self._clock.sleep(wait)
        visitor = self._visitor
        assert visitor.session is not None
        try:
            key_hash = None if visitor.begun else visitor.session.key_hash
            if await self._reception.receive(inbound, key_hash=key_hash):
                visitor.vouched = {}
        except Refused as refusal:
            self._refuse(refusal, answer_to)
            return
        except Exception:  # noqa: BLE001  whatever the store died of harms this message only
            # Not stored, so not acknowledged; the page sends it again.
            await log.aexception("inbound not stored", connector=visitor.connector, session=inbound.session)
            self._refuse(Refused("internal", "The message could not be stored", RETRY_AFTER), answer_to)
            return
        if not visitor.begun:
            visitor.begun = True
            self._registry.begun(inbound.session)
        if answer_to is not None:
            self._sender.send(render.encode(render.Ack(answer_to)))

    def flooded(self, answer_to: str) -> bool:
        """Count a frame that is no message; true, and answered, when it is one too many."""
        wait, flood = self._limit.take(self._clock.monotonic())
        if flood:
            self.fail("flood", "Too many messages", answer_to, wait)
        return flood

    def fail(
        self, code: str, message: str, answer_to: str | None = None, retry_after: float | None = None
    ) -> None:
        """Tell the page why a frame was without effect."""
        self._sender.send(render.encode(render.Failure(code, message, answer_to, retry_after)))

    async def tell_of_limit(self, reason: str) -> None:
        """Event `limit`, in a conversation that has begun."""
        visitor = self._visitor
        if not visitor.begun:
            return
        try:
            await self._reception.receive(visitor.limit(f"~limit-{secrets.token_hex(8)}", reason))
        except Refused as refusal:
            await log.ainfo("event limit not taken", connector=visitor.connector, reason=str(refusal))

    def _refuse(self, refusal: Refused, answer_to: str | None) -> None:
        if refusal.retry_after is not None:
            self._refused_until = self._clock.monotonic() + refusal.retry_after
            self._refused_code = refusal.code
        self.fail(refusal.code, str(refusal), answer_to, refusal.retry_after)
