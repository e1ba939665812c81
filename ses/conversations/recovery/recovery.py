"""After a start: what a former process accepted and did not answer."""

from __future__ import annotations

import asyncio

import structlog

from ses.clock import Clock
from ses.conversations.codec import decode_inbound
from ses.conversations.inbound.mailbox import Mailbox, Unanswered
from ses.conversations.inbound.mailbox_cache import MailboxCache
from ses.conversations.recovery.quarantine import Quarantine
from ses.conversations.turns.runner import Treatment
from ses.conversations.turns.scheduler import Scheduler
from ses.messages import Conversation
from ses.storage.contract import Store
from ses.storage.rows import DEATH

log = structlog.get_logger("ses.recovery")

PAGE = 2000
POISON = 3
"""After so many deaths with an inbound it is answered by `error` instead of run; after one more it is dropped."""
PATIENCE = 30.0
"""Seconds that those above suspicion may take before the others begin."""


class Recovery:
    """Brings unanswered inbounds back into their mailboxes and runs them: those under suspicion of having killed
    the daemon last, in quarantine."""

    def __init__(self, store: Store, mailboxes: MailboxCache, scheduler: Scheduler, clock: Clock) -> None:
        self._store = store
        self._mailboxes = mailboxes
        self._scheduler = scheduler
        self._clock = clock
        self._candidates: list[Mailbox] = []
        """Those whose head is a poison candidate."""

    async def load(self) -> int:
        """Fill the mailboxes before anything new is accepted, so that nothing new overtakes; how many waited."""
        after = count = 0
        while rows := await self._store.pending(after, PAGE):
            after = rows[-1].row
            for row in rows:
                try:
                    inbound = decode_inbound(row.body)
                except ValueError:
                    log.exception("a stored message cannot be read; it is left alone", row=row.row)
                    continue
                conversation = Conversation(row.connector, row.session_id)
                mailbox = self._mailboxes.activate(conversation, inbound.robot)
                if row.suspicion and not mailbox.waiting:
                    mailbox.blocked = True
                    self._candidates.append(mailbox)
                self._scheduler.put(mailbox, Unanswered(row.row, inbound, row.suspicion))
                count += 1
        if count:
            log.info("messages are waiting from before", messages=count, suspects=len(self._candidates))
        return count

    async def run_candidates(self) -> None:
        """Those under less suspicion come first, so that the killer comes last."""
        await self._scheduler.settled(PATIENCE)
        candidates, self._candidates = sorted(self._candidates, key=_suspicion), []
        lock = asyncio.Lock()
        async with asyncio.TaskGroup() as turns:
            for mailbox in candidates:
                quarantine = Quarantine(self._store, lock, _head(mailbox).row, self._clock)
                await quarantine.enter()
                turns.create_task(self._run(mailbox, quarantine))

    async def _run(self, mailbox: Mailbox, quarantine: Quarantine) -> None:
        try:
            await self._scheduler.run_isolated(mailbox, self._treatment(mailbox), quarantine)
        finally:
            quarantine.leave()

    def _treatment(self, mailbox: Mailbox) -> Treatment:
        deaths = _suspicion(mailbox) // DEATH
        if deaths < POISON:
            return "run"
        log.error(
            "a message is given up: the daemon died with it again and again",
            conversation="/".join(mailbox.conversation),
            message=_head(mailbox).inbound.id,
            deaths=deaths,
        )
        return "poison" if deaths == POISON else "drop"


def _head(mailbox: Mailbox) -> Unanswered:
    assert mailbox.waiting
    return mailbox.waiting[0]


def _suspicion(mailbox: Mailbox) -> int:
    return _head(mailbox).suspicion
