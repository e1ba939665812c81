"""Which inbounds one turn answers: the first, those of the turn that died, or those of a burst."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ses.clock import Clock
from ses.conversations.inbound.mailbox import Mailbox, Waiting
from ses.dialogue.state.session import Session
from ses.messages import Inbound

LONGEST = 5
"""A window lasts at most so many times `burst` after its first message."""
LARGEST = 50
"""Messages in one turn."""


def in_flight(waiting: Sequence[Waiting], session: Session) -> list[Waiting]:
    """The inbounds of the turn that a checkpoint belongs to: they stand at the head."""
    assert session.flight is not None
    names = set(session.flight.inbounds)
    return [one for one in waiting if one.inbound.id in names]


async def gather(mailbox: Mailbox, burst: float, clock: Clock) -> list[Waiting]:
    """Wait for the end of the window that the first message opened, and take what came.

    The window ends `burst` seconds after the last message. A button, command, attachment, event or edit closes it.
    """
    while True:
        assert mailbox.waiting
        taken, closed = _window(mailbox.waiting)
        left = min(taken[-1].inbound.at + burst, taken[0].inbound.at + LONGEST * burst) - clock.now()
        if closed or left <= 0:
            return taken
        await _next(mailbox, left)


def _window(waiting: Sequence[Waiting]) -> tuple[list[Waiting], bool]:
    taken: list[Waiting] = []
    for one in waiting:
        if taken and one.inbound.event == "end":
            return taken, True  # its own turn decides whether it is too late
        taken.append(one)
        if _closes(one.inbound) or len(taken) == LARGEST:
            return taken, True
    return taken, False


def _closes(inbound: Inbound) -> bool:
    return not inbound.text or inbound.text.startswith("/") or bool(inbound.attachments or inbound.edit_of)


async def _next(mailbox: Mailbox, seconds: float) -> None:
    """Return when something came, or when the time is over."""
    loop = asyncio.get_running_loop()
    mailbox.arrived = loop.create_future()
    timer = loop.call_later(seconds, _settle, mailbox.arrived)
    try:
        await mailbox.arrived
    finally:
        timer.cancel()
        mailbox.arrived = None


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
