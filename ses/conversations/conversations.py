"""The pipeline's front: what connectors and the gateway call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ses.clock import Clock
from ses.connectors.contract import Connector, HistoryEntry, Refused, SessionOwner
from ses.conversations.engine import ENGINE, Engine
from ses.conversations.external.commands import CommandResult, ExternalCommand, ExternalCommands
from ses.conversations.external.links import Links
from ses.conversations.external.quiet_hours import QuietHours
from ses.conversations.external.recipients import Recipients
from ses.conversations.inbound.accept import Acceptance
from ses.conversations.inbound.mailbox_cache import MailboxCache
from ses.conversations.inbound.rate_limit import Limits
from ses.conversations.lifecycle.expiry import SessionExpiry
from ses.conversations.lifecycle.retention import PERIOD, Retention, sweep_periodically
from ses.conversations.lifecycle.robots import Robots
from ses.conversations.observer import NullObserver, Observer, Stats
from ses.conversations.outbound.delivery import Delivery
from ses.conversations.outbound.undeliverable import Undeliverable
from ses.conversations.recovery.recovery import Recovery
from ses.conversations.turns.backend import TurnBackend
from ses.conversations.turns.runner import TurnRunner
from ses.conversations.turns.scheduler import Scheduler
from ses.conversations.turns.waiters import Reply, ReplyWaiters
from ses.conversations.views import LogPage, LogRequest, Views
from ses.conversations.voice.processor import VoiceProcessor
from ses.dialogue.state.ports import Model, Services
from ses.messages import Conversation, Inbound
from ses.storage.contract import Store
from ses.storage.rows import Accepted


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
        model: Model | None = None,
        engine: Engine = ENGINE,
        voices: VoiceProcessor | None = None,
        sweep_every: float = PERIOD,
    ) -> None:
        """`sweep_every`: seconds between two looks for what has expired."""
        self.robots = robots
        self._store = store
        self._clock = clock
        self._sweep_every = sweep_every
        observer = observer or NullObserver()
        self._mailboxes = MailboxCache(limits.idle)
        self._delivery = Delivery(
            store, clock, observer, Undeliverable(store, clock, self.receive).tell,
            most_queues=limits.outbox_queues,
        )  # fmt: skip
        self._waiters = ReplyWaiters(store)
        recipients = Recipients(store, self._delivery.connectors, clock)
        quiet = QuietHours(store, robots, clock)
        backend = TurnBackend(
            store, self._delivery, self._waiters, recipients, quiet, clock=clock, voices=voices,
            stored_with_leg=self._stored_with_leg,
        )  # fmt: skip
        turns = TurnRunner(
            store, robots, engine, backend, services=services, model=model, voices=voices, observer=observer
        )
        self._scheduler = Scheduler(turns, self._mailboxes, clock)
        self._acceptance = Acceptance(
            store, robots, limits, mailboxes=self._mailboxes, scheduler=self._scheduler, clock=clock,
            observer=observer,
        )  # fmt: skip
        self._external = ExternalCommands(store, robots, recipients, quiet, self._acceptance.accept, clock)
        self._links = Links(store, self._delivery.connectors, clock)
        self._views = Views(store, robots)
        self._recovery = Recovery(store, self._mailboxes, self._scheduler, clock)
        self._retention = Retention(store, robots, self._mailboxes.forget, clock)
        self._expiry = SessionExpiry(store, robots, self.ask, clock)
        self._background: list[asyncio.Task[None]] = []
        robots.on_change(self._scheduler.wake_robot)

    def _stored_with_leg(self, inbound: Inbound, accepted: Accepted) -> None:
        self._acceptance.stored_with_leg(inbound, accepted)

    # --- life --------------------------------------------------------------------------------------------------

    def attach(self, connector: Connector) -> None:
        """Deliver that connector's conversations through it, in the place of an earlier one of its name."""
        self._delivery.attach(connector)

    def connector(self, name: str) -> Connector | None:
        """The attached connector of that name, such as `web.site`."""
        return self._delivery.connector(name)

    async def start(self) -> None:
        """Take up what a former process left, then accept. Robots are loaded and the store is open by now."""
        await self._recovery.load()
        await self._delivery.recover()
        loop = asyncio.get_running_loop()
        self._background = [
            loop.create_task(self._recovery.run_candidates()),
            self._sweeping(self._expiry.sweep, "expired sessions could not be ended"),
            self._sweeping(self._retention.sweep, "expired sessions could not be removed"),
        ]
        self._acceptance.open = True

    def _sweeping(self, sweep: Callable[[], Awaitable[object]], failure: str) -> asyncio.Task[None]:
        work = sweep_periodically(sweep, failure, clock=self._clock, period=self._sweep_every)
        return asyncio.get_running_loop().create_task(work)

    async def stop(self, grace: float = 10.0) -> None:
        """Accept nothing more, finish the turns and deliveries under way within `grace` seconds each."""
        self._acceptance.open = False
        for task in self._background:
            task.cancel()
        await self._scheduler.stop(grace)
        await self._delivery.stop(grace)
        await asyncio.gather(*self._background, return_exceptions=True)

    # --- Reception ---------------------------------------------------------------------------------------------

    async def receive(self, inbound: Inbound, *, key_hash: bytes | None = None) -> bool:
        """Store an inbound; see `ses.connectors.contract.Reception`. Its turn comes by itself.

        Raises `Refused`: `flood` and `busy` with the seconds to wait, `unknown_robot` for good.
        """
        return await self._acceptance.accept(inbound, key_hash)

    async def has_begun(self, conversation: Conversation) -> bool:
        return await self.owner(conversation) is not None

    async def owner(self, conversation: Conversation) -> SessionOwner | None:
        mailbox = self._mailboxes.find(conversation)
        known = mailbox if mailbox is not None and mailbox.row else await self._store.session(*conversation)
        if known is None or known.expires <= self._clock.now():
            return None
        return SessionOwner(known.key_hash, known.user)

    async def identify(self, conversation: Conversation, user: str) -> bool:
        if not await self._store.identify(*conversation, user, self._clock.now()):
            return False
        mailbox = self._mailboxes.find(conversation)
        if mailbox is not None:
            mailbox.user = user
        return True

    async def history(
        self, conversation: Conversation, *, after: int | None, limit: int = 100
    ) -> Sequence[HistoryEntry]:
        mailbox = self._mailboxes.find(conversation)
        session = mailbox.row if mailbox is not None else 0
        if not session:
            row = await self._store.session(*conversation)
            if row is None:
                return []
            session = row.id
        return await self._views.history(session, after=after, limit=limit)

    async def continue_in(self, conversation: Conversation, to: str) -> str:
        return await self._links.make(conversation, to)

    async def remember(self, connector: str, name: str, value: str) -> None:
        await self._store.keep_fact(connector, name, value)

    async def recall(self, connector: str, name: str) -> str | None:
        return await self._store.fact(connector, name)

    # --- the gateway's questions ---------------------------------------------------------------------------------

    async def ask(self, inbound: Inbound, *, timeout: float) -> Reply:
        """Accept an inbound and wait for its turn. A repeated `id` gets the answer it got before.

        Raises `Refused`; its code is `timeout` when the turn is not over in time (it goes on, and a repeat gets
        its answer).
        """
        answer = self._waiters.expect(inbound)
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
            self._waiters.forget(inbound, answer)

    async def _stored_answer(self, inbound: Inbound) -> Reply | None:
        row = await self._store.session(*inbound.conversation)
        return None if row is None else await self._waiters.stored(row.id, inbound.id)

    async def execute(self, command: ExternalCommand, *, caller: str, id_: str | None) -> CommandResult:
        """Put a message or an event of another system into its conversation; see `ExternalCommands.execute`."""
        return await self._external.execute(command, caller=caller, id_=id_)

    async def session(self, robot: str, session: str) -> dict[str, Any] | None:
        """What `/ses/session` shows, but for `error` and `message`; none for a session that has not begun."""
        return await self._views.session(robot, session)

    async def log(self, request: LogRequest) -> LogPage:
        """A page of the dialogue log. Raises `ValueError` for a bad cursor."""
        return await self._views.log(request)

    async def sweep(self) -> int:
        """End and remove what has expired now; otherwise it is done every ten minutes. How many sessions were removed."""
        await self._expiry.sweep()
        return await self._retention.sweep()

    def ready(self) -> dict[str, str]:
        """What is wrong, by part; empty when all is well."""
        problems = {}
        if not self._acceptance.open:
            problems["conversations"] = "starting or stopping"
        if self._store.problem is not None:
            problems["storage"] = self._store.problem
        if self.robots.broken:
            problems["robots"] = f"with errors: {', '.join(self.robots.broken)}"
        return problems

    def undelivered(self) -> dict[str, tuple[int, float]]:
        """By connector: messages in memory that are under way to it, and the age of the oldest in seconds."""
        return self._delivery.undelivered()

    def stats(self) -> Stats:
        stats = Stats(live=len(self._mailboxes.live), idle=self._mailboxes.idle, storing=self._store.waiting)
        for mailbox in self._mailboxes.live.values():
            if mailbox.waiting:
                head = mailbox.waiting[0].inbound
                where = (head.robot, str(head.channel))
                stats.queued[where] = stats.queued.get(where, 0) + len(mailbox.waiting)
        self._delivery.add_to(stats)
        return stats
