"""After a start: what a former process accepted and did not answer."""

from __future__ import annotations

import structlog

from ses.conversations.answering import Answering, Treatment
from ses.conversations.mailbox import Mailbox, Waiting
from ses.conversations.records import decode_inbound
from ses.conversations.shelf import Shelf
from ses.messages import Conversation
from ses.storage.contract import Store

log = structlog.get_logger("ses.recovery")

PAGE = 2000
POISON = 3
"""So many deaths of the daemon with an inbound at the head of its conversation, and it is answered by `error`;
one more, and it is dropped."""
PATIENCE = 30.0
"""Seconds that those above suspicion may take before the others begin."""


class Recovery:
    """Brings unanswered inbounds back into their mailboxes and runs them: those under suspicion of having killed
    the daemon last, one at a time."""

    def __init__(self, store: Store, shelf: Shelf, answering: Answering) -> None:
        self._store = store
        self._shelf = shelf
        self._answering = answering
        self._suspects: list[Mailbox] = []
        self.left = 0
        """Suspects that have not run yet."""

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
                if row.attempts and not mailbox.waiting:
                    mailbox.held = True
                    self._suspects.append(mailbox)
                self._answering.put(mailbox, Waiting(row.row, inbound, row.attempts))
                count += 1
        self.left = len(self._suspects)
        if count:
            log.info("messages are waiting from before", messages=count, suspects=self.left)
        return count

    async def run_suspects(self) -> None:
        """Each alone, after noting that it runs: if it kills the daemon again, the note is there. Those that were
        there at fewer deaths come first, so that the killer comes last."""
        await self._answering.settled(PATIENCE)
        self._suspects.sort(key=_attempts)
        for mailbox in self._suspects:
            await self._store.suspect(_head(mailbox).row)
            await self._answering.run_suspect(mailbox, self._treatment(mailbox))
            self.left -= 1
        self._suspects.clear()

    def _treatment(self, mailbox: Mailbox) -> Treatment:
        attempts = _attempts(mailbox)
        if attempts < POISON:
            return "run"
        log.error(
            "a message is given up: the daemon died with it again and again",
            conversation="/".join(mailbox.conversation),
            message=_head(mailbox).inbound.id,
            deaths=attempts,
        )
        return "poison" if attempts == POISON else "drop"


def _head(mailbox: Mailbox) -> Waiting:
    assert mailbox.waiting
    return mailbox.waiting[0]


def _attempts(mailbox: Mailbox) -> int:
    return _head(mailbox).attempts
