"""After a start: what a former process accepted and did not answer."""

from __future__ import annotations

import asyncio

import structlog

from ses.conversations.inbound.mailbox import Mailbox, Waiting
from ses.conversations.inbound.mailbox_cache import MailboxCache
from ses.conversations.recovery.quarantine import Quarantine
from ses.conversations.turns.rows import decode_inbound
from ses.conversations.turns.runner import Treatment
from ses.conversations.turns.scheduler import Answering
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
    the daemon last, one at a time."""

    def __init__(self, store: Store, shelf: MailboxCache, answering: Answering) -> None:
        self._store = store
        self._shelf = shelf
        self._answering = answering
        self._suspects: list[Mailbox] = []

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
                mailbox = self._shelf.take(Conversation(row.connector, row.session_id), inbound.robot)
                if row.suspicion and not mailbox.waiting:
                    mailbox.held = True
                    self._suspects.append(mailbox)
                self._answering.put(mailbox, Waiting(row.row, inbound, row.suspicion))
                count += 1
        if count:
            log.info("messages are waiting from before", messages=count, suspects=len(self._suspects))
        return count

    async def run_suspects(self) -> None:
        """Those under less suspicion come first, so that the killer comes last."""
        await self._answering.settled(PATIENCE)
        suspects, self._suspects = sorted(self._suspects, key=_suspicion), []
        room = asyncio.Lock()
        async with asyncio.TaskGroup() as turns:
            for mailbox in suspects:
                solitude = Quarantine(self._store, room, _head(mailbox).row)
                await solitude.enter()
                turns.create_task(self._run(mailbox, solitude))

    async def _run(self, mailbox: Mailbox, solitude: Quarantine) -> None:
        try:
            await self._answering.run_suspect(mailbox, self._treatment(mailbox), solitude)
        finally:
            solitude.leave()

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


def _head(mailbox: Mailbox) -> Waiting:
    assert mailbox.waiting
    return mailbox.waiting[0]


def _suspicion(mailbox: Mailbox) -> int:
    return _head(mailbox).suspicion
