"""How an inbound comes in: limits first, then the disk (with dedup of second copies), then its mailbox, then the
acknowledgement."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Protocol

from ses.clock import Clock
from ses.connectors.contract import Refused
from ses.conversations.codec import encode
from ses.conversations.inbound.mailbox import Mailbox, Unanswered
from ses.conversations.inbound.mailbox_cache import MailboxCache
from ses.conversations.inbound.rate_limit import LIMIT_EVENT, Limits
from ses.conversations.lifecycle.expiry import FIRST_EXPIRY
from ses.conversations.lifecycle.robots import Robots
from ses.conversations.observer import Observer
from ses.errors import SesError
from ses.flow.token_bucket import TokenBucket
from ses.messages import Inbound
from ses.storage.contract import Store, StoreUnavailable
from ses.storage.rows import Accepted, Arrival


class Scheduling(Protocol):
    """`ses.conversations.turns.scheduler.Scheduler`."""

    unanswered: int

    def put(self, mailbox: Mailbox, unanswered: Unanswered) -> None: ...


class Acceptance:
    """Accepts inbounds, or refuses them. The store's callback puts them into their mailbox: who sent one may be gone by
    then, the message is not."""

    def __init__(
        self,
        store: Store,
        robots: Robots,
        limits: Limits,
        *,
        mailboxes: MailboxCache,
        scheduler: Scheduling,
        clock: Clock,
        observer: Observer,
    ) -> None:
        self.open = False
        self._store = store
        self._robots = robots
        self._limits = limits
        self._rate = limits.rate
        self._mailboxes = mailboxes
        self._scheduler = scheduler
        self._clock = clock
        self._observer = observer

    async def accept(self, inbound: Inbound, key_hash: bytes | None) -> bool:
        """True when it is durable and new, false for a second copy. Raises `Refused`."""
        mailbox = self._mailboxes.activate(inbound.conversation, inbound.robot)
        try:
            if not self._admit(mailbox, inbound):
                return False
        except Refused as refusal:
            self._observer.refused(inbound.robot, inbound.channel, refusal.code)
            self._put_away(mailbox)
            raise
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._store_arrival(mailbox, inbound, key_hash, future)
        return await future

    def _admit(self, mailbox: Mailbox, inbound: Inbound) -> bool:
        """False for what is dropped without a word: a second `limit` within a minute."""
        limits = self._limits
        if not self.open:
            raise Refused("busy", "the daemon is starting or stopping", 1.0)
        if self._robots.newest(inbound.robot) is None:
            raise Refused("unknown_robot", f"there is no robot {inbound.robot!r}")
        if self._store.problem is not None:
            raise Refused("busy", "messages cannot be stored at the moment", 5.0)
        now = self._clock.monotonic()
        if inbound.event == "limit":
            fresh = now - mailbox.limited >= LIMIT_EVENT
            if fresh:
                mailbox.limited = now
            else:
                self._put_away(mailbox)
            return fresh
        if self._scheduler.unanswered + self._store.waiting >= limits.waiting:
            raise Refused("busy", "too many messages are waiting", 2.0)
        if mailbox.waiting and len(mailbox.waiting) + mailbox.arriving >= limits.mailbox:
            raise Refused("busy", "too many messages of this conversation are waiting", 2.0)
        if inbound.external:
            return True
        if mailbox.bucket is None:
            mailbox.bucket = TokenBucket(self._rate, now)
        wait = mailbox.bucket.take(self._rate, now)
        if wait:
            self._tell_of_limit(mailbox, inbound, now)
            raise Refused("flood", "too many messages at once", round(wait, 2) + 0.01)
        if inbound.text is not None and len(inbound.text) > limits.text:
            inbound.text = inbound.text[: limits.text]
        return True

    def _tell_of_limit(self, mailbox: Mailbox, inbound: Inbound, now: float) -> None:
        """The robot hears of a flood, as event `limit`, once a minute at most."""
        if now - mailbox.limited < LIMIT_EVENT:
            return
        mailbox.limited = now
        told = Inbound(
            connector=inbound.connector,
            session=inbound.session,
            id=f"~limit-{int(inbound.at * 1000)}",
            robot=inbound.robot,
            channel=inbound.channel,
            at=inbound.at,
            event="limit",
            payload={"reason": "flood"},
            user=inbound.user,
        )
        self._store_arrival(mailbox, told, None, None)

    def _store_arrival(
        self, mailbox: Mailbox, inbound: Inbound, key_hash: bytes | None, future: asyncio.Future[bool] | None
    ) -> None:
        mailbox.arriving += 1
        arrival = Arrival(
            connector=inbound.connector,
            session=inbound.session,
            robot=inbound.robot,
            external_id=inbound.id,
            body=encode(inbound),
            at=inbound.at,
            expires=inbound.at + FIRST_EXPIRY,
            row=mailbox.row,
            key_hash=key_hash,
            user=inbound.user,
        )
        self._store.accept(arrival, partial(self._stored, mailbox, inbound, future))

    def _stored(
        self,
        mailbox: Mailbox,
        inbound: Inbound,
        future: asyncio.Future[bool] | None,
        result: Accepted | SesError,
    ) -> None:
        """The store's word on an arrival. Whoever waits for it may be gone; the message is not."""
        mailbox.arriving -= 1
        if isinstance(result, SesError):
            code = "busy" if isinstance(result, StoreUnavailable) else "internal"
            self._observer.refused(inbound.robot, inbound.channel, code)
            if future is not None and not future.done():
                future.set_exception(Refused(code, "the message could not be stored", 5.0))
            self._put_away(mailbox)
            return
        new = bool(result.row)
        self._schedule(mailbox, inbound, result)
        self._observer.accepted(inbound.robot, inbound.channel, new=new)
        if future is not None and not future.done():
            future.set_result(new)

    def stored_with_leg(self, inbound: Inbound, accepted: Accepted) -> None:
        """An inbound that comes of another conversation's leg is durable with it."""
        mailbox = self._mailboxes.activate(inbound.conversation, inbound.robot)
        self._schedule(mailbox, inbound, accepted)

    def _schedule(self, mailbox: Mailbox, inbound: Inbound, accepted: Accepted) -> None:
        if accepted.session is not None:
            mailbox.load(accepted.session)
        if accepted.row:
            self._scheduler.put(mailbox, Unanswered(accepted.row, inbound))
        else:
            self._put_away(mailbox)

    def _put_away(self, mailbox: Mailbox) -> None:
        if mailbox.idle:
            self._mailboxes.deactivate(mailbox)
