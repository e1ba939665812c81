"""Mailboxes at work: one turn at a time in each, as many at once as have something to say."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import structlog

from ses.clock import Clock
from ses.conversations.inbound.mailbox import Mailbox, Unanswered
from ses.conversations.inbound.mailbox_cache import MailboxCache
from ses.conversations.turns.ports import Isolation
from ses.conversations.turns.runner import Treatment, TurnRunner
from ses.storage.contract import StoreUnavailable

log = structlog.get_logger("ses.conversations")

PAUSE = 2.0
"""Seconds before a turn that could not be read from the store is tried again."""


class Scheduler:
    """Works through mailboxes. A conversation has a task only while something waits in it."""

    def __init__(self, turns: TurnRunner, mailboxes: MailboxCache, clock: Clock) -> None:
        self._turns = turns
        self._mailboxes = mailboxes
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._without_robot: set[Mailbox] = set()
        self._stopping = False
        self.unanswered = 0
        """Inbounds in all mailboxes."""

    def put(self, mailbox: Mailbox, unanswered: Unanswered) -> None:
        """A durable inbound; its turn comes by itself."""
        mailbox.put(unanswered)
        self.unanswered += 1
        self.wake(mailbox)

    def wake(self, mailbox: Mailbox) -> None:
        """Begin to work through a mailbox, unless somebody does or nothing may run."""
        if mailbox.task is None and mailbox.waiting and not mailbox.blocked and not self._stopping:
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
            self._mailboxes.deactivate(mailbox)

    async def _drain(self, mailbox: Mailbox) -> None:
        try:
            while mailbox.waiting and not mailbox.blocked and not self._stopping:
                await self._turn(mailbox)
        except Exception:
            mailbox.blocked = True  # it would fail again and again; the next start tries anew
            log.exception("a conversation has stopped", conversation=_name(mailbox))
        finally:
            self._end(mailbox)

    async def run_isolated(self, mailbox: Mailbox, treatment: Treatment, isolation: Isolation) -> None:
        """Deal with the inbound at the head of a blocked mailbox in isolation, then let the others follow."""

        async def isolated() -> None:
            try:
                mailbox.blocked = False
                await self._turn(mailbox, treatment, isolation)
            except Exception:
                mailbox.blocked = True
                log.exception("a conversation has stopped", conversation=_name(mailbox))
            finally:
                self._end(mailbox)
                self.wake(mailbox)

        await asyncio.wait([self._start(mailbox, isolated())])

    async def settled(self, timeout: float) -> None:
        """Return when the turns under way are over, or after so many seconds."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=timeout)

    def wake_robot(self, robot: str) -> None:
        """A robot that was missing is there: go on with those who waited for it."""
        for mailbox in list(self._without_robot):
            if mailbox.waiting and mailbox.waiting[0].inbound.robot == robot:
                self._without_robot.discard(mailbox)
                mailbox.blocked = False
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
        self, mailbox: Mailbox, treatment: Treatment = "run", isolation: Isolation | None = None
    ) -> None:
        """A turn, as soon as what it needs can be read from the store."""
        while True:
            try:
                done = await self._turns.run(mailbox, treatment, isolation)
            except StoreUnavailable as error:
                log.warning("a turn waits for the store", reason=str(error))
                await self._clock.sleep(PAUSE)
                continue
            self.unanswered -= done
            if not done:
                mailbox.blocked = True
                self._without_robot.add(mailbox)
            return


def _name(mailbox: Mailbox) -> str:
    return "/".join(mailbox.conversation)
