"""The typing indicator, «typing…»: it shows that the robot is at work, and may be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ses.clock import Clock
from ses.messages import Conversation

LONGEST = 300.0
"""Seconds that it is shown at most."""
AT_ONCE = 500
"""Conversations in which it is shown at once."""


class TypingIndicator:
    """Of one bot's conversations. A messenger hides it after a few seconds, so it is shown again and again."""

    def __init__(self, show: Callable[[str], Awaitable[bool]], clock: Clock, *, every: float) -> None:
        """`show`: show it in a session; false when it is no use trying again. `every`: seconds."""
        self._show = show
        self._clock = clock
        self._every = every
        self._typing: dict[str, asyncio.Task[None]] = {}

    def typing(self, conversation: Conversation, on: bool) -> None:
        session = conversation.session
        if not on:
            task = self._typing.pop(session, None)
            if task is not None:
                task.cancel()
        elif session not in self._typing and len(self._typing) < AT_ONCE:
            task = asyncio.get_running_loop().create_task(self._keep_showing(session))
            self._typing[session] = task
            task.add_done_callback(lambda done: self._ended(session, done))

    async def stop(self) -> None:
        tasks = [*self._typing.values()]
        self._typing.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_showing(self, session: str) -> None:
        end = self._clock.monotonic() + LONGEST
        while self._clock.monotonic() < end and await self._show(session):
            await self._clock.sleep(self._every)

    def _ended(self, session: str, task: asyncio.Task[None]) -> None:
        if self._typing.get(session) is task:
            del self._typing[session]
