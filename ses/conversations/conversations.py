"""The pipeline's front: what connectors and the gateway call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import structlog

from ses.clock import Clock
from ses.connectors.contract import Connector, Entry, Refused
from ses.conversations.answering import Answering
from ses.conversations.asking import Askers, Reply
from ses.conversations.delivery import Delivery
from ses.conversations.engine import ENGINE, Engine
from ses.conversations.limits import LIMIT_EVENT, Bucket, Limits
from ses.conversations.mailbox import Mailbox, Waiting
from ses.conversations.observer import Observer, Stats, Unobserved
from ses.conversations.records import decode_inbound, decode_outgoing, encode
from ses.conversations.recovery import Recovery
from ses.conversations.retention import Retention
from ses.conversations.robots import Robots
from ses.conversations.shelf import Shelf
from ses.conversations.views import LogPage, LogRequest, Views
from ses.dialogue.ports import Services
from ses.errors import SesError
from ses.messages import Conversation, Inbound
from ses.storage.contract import Store, StoreUnavailable
from ses.storage.rows import Accepted, Arrival, LogLine

log = structlog.get_logger("ses.conversations")

EXPIRE = 30 * 86400.0
"""Seconds a session lives before its first turn is over."""
REPLAY = 10_000
"""Messages read at once for a reader who was away."""


class Conversations:
    """Implements `Reception` for connectors, and answers the gateway's questions."""

    def __init__(
        self,
        store: Store,
        robots: Robots,
        services: Services,
        *,
        clock: Clock,
        limits: Limits = Limits(),  # noqa: B008 - a frozen value
        observer: Observer | None = None,
        engine: Engine = ENGINE,
    ) -> None:
        self.robots = robots
        self._store = store
        self._clock = clock
        self._limits = limits
        self._observer = observer or Unobserved()
        self._shelf = Shelf(limits.held)
        self._delivery = Delivery(store, clock, self._observer)
        self._askers = Askers(store)
        self._answering = Answering(
            store, robots, engine, services, shelf=self._shelf, delivery=self._delivery,
            askers=self._askers, clock=clock, observer=self._observer,
        )  # fmt: skip
        self._views = Views(store, robots)
        self._recovery = Recovery(store, self._shelf, self._answering)
        self._retention = Retention(store, robots, self._shelf, clock)
        self._background: list[asyncio.Task[None]] = []
        self._open = False
        robots.on_change(self._answering.wake_robot)

    # --- life --------------------------------------------------------------------------------------------------

    def attach(self, connector: Connector) -> None:
        """Deliver that connector's conversations through it; before `start`."""
        self._delivery.attach(connector)

    async def start(self) -> None:
        """Take up what a former process left, then accept. Robots are loaded and the store is open by now."""
        await self._recovery.load()
        await self._delivery.recover()
        loop = asyncio.get_running_loop()
        self._background = [
            loop.create_task(self._recovery.run_suspects()),
            loop.create_task(self._retention.run()),
        ]
        self._open = True

    async def stop(self, grace: float = 10.0) -> None:
        """Accept nothing more, finish the turns and deliveries under way within `grace` seconds each."""
        self._open = False
        for task in self._background:
            task.cancel()
        await self._answering.stop(grace)
        await self._delivery.stop(grace)
        await asyncio.gather(*self._background, return_exceptions=True)

    # --- Reception ---------------------------------------------------------------------------------------------

    async def receive(self, inbound: Inbound, *, key_hash: bytes | None = None) -> bool:
        """Store an inbound; see `ses.connectors.contract.Reception`. Its turn comes by itself.

        Raises `Refused`: `flood` and `busy` with the seconds to wait, `unknown_robot` for good.
        """
        mailbox = self._shelf.take(inbound.conversation, inbound.robot)
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
        if not self._open:
            raise Refused("busy", "the daemon is starting or stopping", 1.0)
        if self.robots.newest(inbound.robot) is None:
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
        if self._answering.unanswered + self._store.waiting >= limits.waiting:
            raise Refused("busy", "too many messages are waiting", 2.0)
        if mailbox.waiting and len(mailbox.waiting) + mailbox.arriving >= limits.mailbox:
            raise Refused("busy", "too many messages of this conversation are waiting", 2.0)
        if mailbox.bucket is None:
            mailbox.bucket = Bucket(limits, now)
        wait = mailbox.bucket.take(limits, now)
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
            expires=inbound.at + EXPIRE,
            row=mailbox.row,
            key_hash=key_hash,
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
        if result.session is not None:
            mailbox.learn(result.session)
        new = bool(result.row)
        if new:
            self._answering.put(mailbox, Waiting(result.row, inbound))
        else:
            self._put_away(mailbox)
        self._observer.accepted(inbound.robot, inbound.channel, new=new)
        if future is not None and not future.done():
            future.set_result(new)

    def _put_away(self, mailbox: Mailbox) -> None:
        if mailbox.idle:
            self._shelf.rest(mailbox)

    async def known(self, conversation: Conversation) -> bytes | None:
        """The key hash of a session that has begun and not expired."""
        mailbox = self._shelf.peek(conversation)
        if mailbox is not None and mailbox.row:
            return mailbox.key_hash if self._clock.now() < mailbox.expires else None
        row = await self._store.session(*conversation)
        return None if row is None or row.expires <= self._clock.now() else row.key_hash

    async def history(
        self, conversation: Conversation, *, after: int | None, limit: int = 100
    ) -> Sequence[Entry]:
        mailbox = self._shelf.peek(conversation)
        session = mailbox.row if mailbox is not None else 0
        if not session:
            row = await self._store.session(*conversation)
            if row is None:
                return []
            session = row.id
        if after is None:
            lines = await self._store.turns(session, last=limit)
            return [_entry(line) for line in lines][-limit:]
        entries: list[Entry] = []
        while rows := await self._store.sent(session, after=after, limit=REPLAY):
            for sent in rows:
                message = decode_outgoing(sent.body)
                entries.append(Entry("robot", message.id, sent.at, sent.seq, outgoing=message))
            after = rows[-1].seq
        return entries

    # --- the gateway's questions ---------------------------------------------------------------------------------

    async def ask(self, inbound: Inbound, *, timeout: float) -> Reply:
        """Accept an inbound and wait for its turn. A repeated `id` gets the answer it got before.

        Raises `Refused`; its code is `timeout` when the turn is not over in time (it goes on, and a repeat gets
        its answer).
        """
        answer = self._askers.expect(inbound)
        try:
            async with asyncio.timeout(timeout):
                if not await self.receive(inbound) and (stored := await self._stored_answer(inbound)):
                    return stored
                reply = await answer or await self._stored_answer(inbound)
                if reply is None:
                    raise Refused("internal", "the answer is not stored")
                return reply
        except TimeoutError:
            raise Refused("timeout", f"no answer within {timeout:g} s; ask again under the same id") from None
        finally:
            self._askers.forget(inbound, answer)

    async def _stored_answer(self, inbound: Inbound) -> Reply | None:
        row = await self._store.session(*inbound.conversation)
        return None if row is None else await self._askers.stored(row.id, inbound.id)

    async def session(self, robot: str, session: str) -> dict[str, Any] | None:
        """What `/ses/session` shows, but for `error` and `message`; none for a session that has not begun."""
        return await self._views.session(robot, session)

    async def log(self, request: LogRequest) -> LogPage:
        """A page of the dialogue log. Raises `ValueError` for a bad cursor."""
        return await self._views.log(request)

    async def sweep(self) -> int:
        """Remove what has expired now; otherwise it is done every ten minutes. How many sessions went."""
        return await self._retention.sweep()

    def ready(self) -> dict[str, str]:
        """What is wrong, by part; empty when all is well."""
        problems = {}
        if not self._open:
            problems["conversations"] = "starting or stopping"
        if self._store.problem is not None:
            problems["storage"] = self._store.problem
        if self.robots.broken:
            problems["robots"] = f"with errors: {', '.join(self.robots.broken)}"
        return problems

    def stats(self) -> Stats:
        stats = Stats(
            live=len(self._shelf.live),
            held=self._shelf.held,
            storing=self._store.waiting,
        )
        for mailbox in self._shelf.live.values():
            if mailbox.waiting:
                head = mailbox.waiting[0].inbound
                where = (head.robot, str(head.channel))
                stats.queued[where] = stats.queued.get(where, 0) + len(mailbox.waiting)
        now = self._clock.now()
        for lane in self._delivery.lanes.values():
            if lane.parcels:
                key = (lane.robot, lane.conversation.connector.partition(".")[0])
                stats.outbox[key] = stats.outbox.get(key, 0) + len(lane.parcels)
                stats.outbox_age[key] = max(stats.outbox_age.get(key, 0.0), now - lane.parcels[0].at)
        return stats


def _entry(line: LogLine) -> Entry:
    if line.side:
        message = decode_outgoing(line.body)
        return Entry("robot", message.id, line.at, message.seq, outgoing=message)
    inbound = decode_inbound(line.body)
    return Entry("visitor", inbound.id, line.at, None, inbound=inbound)
