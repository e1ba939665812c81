"""Debounce: which inbounds one turn answers. The first, those of the turn that died, or those of a burst."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ses.clock import Clock
from ses.conversations.inbound.mailbox import Mailbox, Unanswered
from ses.dialogue.state.session import Session
from ses.flow.event_timeout import wait_at_most
from ses.messages import Inbound

LONGEST = 5
"""A window lasts at most so many times `burst` after its first message."""
LARGEST = 50
"""Messages in one turn."""


def in_flight(waiting: Sequence[Unanswered], session: Session) -> list[Unanswered]:
    """The inbounds of the turn that a checkpoint belongs to: they stand at the head."""
    assert session.checkpoint is not None
    names = set(session.checkpoint.inbounds)
    return [one for one in waiting if one.inbound.id in names]


async def debounced(mailbox: Mailbox, burst: float, clock: Clock) -> list[Unanswered]:
    """Wait for the end of the window that the first message opened, and return what came.

    The window ends `burst` seconds after the last message. A button, command, attachment, event or edit closes it.
    """
    while True:
        assert mailbox.waiting
        batch, closed = _window(mailbox.waiting)
        left = min(batch[-1].inbound.at + burst, batch[0].inbound.at + LONGEST * burst) - clock.now()
        if closed or left <= 0:
            return batch
        mailbox.next_inbound = asyncio.Event()
        await wait_at_most(mailbox.next_inbound, left, clock)


def _window(waiting: Sequence[Unanswered]) -> tuple[list[Unanswered], bool]:
    batch: list[Unanswered] = []
    for one in waiting:
        if batch and one.inbound.event == "end":
            return batch, True  # its own turn decides whether it is too late
        batch.append(one)
        if _closes(one.inbound) or len(batch) == LARGEST:
            return batch, True
    return batch, False


def _closes(inbound: Inbound) -> bool:
    return not inbound.text or inbound.text.startswith("/") or bool(inbound.attachments or inbound.edit_of)
