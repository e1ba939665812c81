"""Mailboxes at work: one turn at a time in each, as many at once as have something to say."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import structlog

from ses.conversations.inbound.mailbox import Mailbox, Waiting
from ses.conversations.inbound.mailbox_cache import MailboxCache
from ses.conversations.recovery.quarantine import Quarantine
from ses.conversations.turns.runner import Treatment, TurnRunner
from ses.storage.contract import StoreUnavailable

log = structlog.get_logger("ses.conversations")

PAUSE = 2.0
"""Seconds before a turn that could not be read from the store is tried again."""


class Answering:
    """Works through mailboxes. A conversation has a task only while something waits in it."""

    def __init__(self, turns: TurnRunner, shelf: MailboxCache) -> None:
        self._turns = turns
        self._shelf = shelf
        self._tasks: set[asyncio.Task[None]] = set()
        self._orphans: set[Mailbox] = set()
        """Those whose robot is not there."""
        self._stopping = False
        self.unanswered = 0
        """Inbounds in all mailboxes."""

    def put(self, mailbox: Mailbox, waiting: Waiting) -> None:
        """A durable inbound; its turn comes by itself."""
        mailbox.put(waiting)
        self.unanswered += 1
        self.wake(mailbox)

    def wake(self, mailbox: Mailbox) -> None:
        """Begin to work through a mailbox, unless somebody does or nothing may run."""
        if mailbox.task is None and mailbox.waiting and not mailbox.held and not self._stopping:
            self._start(mailbox, self._drain(mailbox))

    def _start(self, mailbox: Mailbox, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        mailbox.task = task
        self._tasks.add(task)
        return task

    def _end(self, mailbox: Mailbox) -> None:
        assert mailbox.task is not None
        self._tasks.discard(mailbox.task)
        mailbox.task = None
        if mailbox.idle:
            self._shelf.rest(mailbox)

    async def _drain(self, mailbox: Mailbox) -> None:
        try:
            while mailbox.waiting and not mailbox.held and not self._stopping:
                await self._turn(mailbox)
        except Exception:
            mailbox.held = True  # it would fail again and again; the next start tries anew
            log.exception("a conversation has stopped", conversation=_name(mailbox))
        finally:
            self._end(mailbox)

    async def run_suspect(self, mailbox: Mailbox, treatment: Treatment, solitude: Quarantine) -> None:
        """Deal with the inbound at the head of a held mailbox in solitude, then let the others follow."""

        async def alone() -> None:
            try:
                mailbox.held = False
                await self._turn(mailbox, treatment, solitude)
            except Exception:
                mailbox.held = True
                log.exception("a conversation has stopped", conversation=_name(mailbox))
            finally:
                self._end(mailbox)
                self.wake(mailbox)

        await asyncio.wait([self._start(mailbox, alone())])

    async def settled(self, patience: float) -> None:
        """Return when the turns under way are over, or after `patience` seconds."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=patience)

    def wake_robot(self, robot: str) -> None:
        """A robot that was missing is there: go on with those who waited for it."""
        for mailbox in list(self._orphans):
            if mailbox.waiting and mailbox.waiting[0].inbound.robot == robot:
                self._orphans.discard(mailbox)
                mailbox.held = False
                self.wake(mailbox)

    async def stop(self, grace: float) -> None:
        """Finish the turns under way; those that take longer go on after the next start from their last leg."""
        self._stopping = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _turn(
        self, mailbox: Mailbox, treatment: Treatment = "run", solitude: Quarantine | None = None
    ) -> None:
        """A turn, as soon as what it needs can be read from the store."""
        while True:
            try:
                done = await self._turns.run(mailbox, treatment, solitude)
            except StoreUnavailable as error:
                log.warning("a turn waits for the store", reason=str(error))
                await asyncio.sleep(PAUSE)
                continue
            self.unanswered -= done
            if not done:
                mailbox.held = True
                self._orphans.add(mailbox)
            return


def _name(mailbox: Mailbox) -> str:
    return "/".join(mailbox.conversation)
