"""What the robot says to one page: live, each `seq` once and in order, whatever was lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from ses.clock import Clock
from ses.connectors.contract import HistoryEntry
from ses.connectors.web import render
from ses.connectors.web.client import Sender
from ses.messages import Delta, Outgoing

After = Callable[[int], Awaitable[Sequence[HistoryEntry] | None]]
"""The robot's stored messages with a higher `seq`; none when they cannot be read."""


class PushStream:
    """Holds live messages back until `catch_up` says that the history is on its way."""

    def __init__(self, sender: Sender, after: After, media_url: render.MediaUrl, clock: Clock) -> None:
        self._sender = sender
        self._after = after
        self._media_url = media_url
        self._clock = clock
        self._waiting: list[Outgoing] | None = []
        """Live messages that came while the history was read; none once the page is up to date."""
        self._shown = 0
        """The last `seq` sent."""
        self._filling: asyncio.Task[None] | None = None

    def deliver(self, message: Outgoing) -> None:
        """Push a live message; what is missing before it is fetched first."""
        if self._waiting is not None:
            self._waiting.append(message)
        elif message.seq == self._shown + 1:
            self._shown = message.seq
            shown = render.shown_outgoing(message, self._media_url, self._clock.now())
            self._sender.send(render.encode(shown))
        elif message.seq > self._shown:
            self._waiting = [message]
            self._filling = asyncio.get_running_loop().create_task(self._fill())

    def typing(self, on: bool) -> None:
        if self._waiting is None:
            self._sender.send(render.encode(render.ShownTyping(on)))

    def stream(self, delta: Delta) -> None:
        if self._waiting is None:
            self._sender.send(render.encode(render.shown_delta(delta)))

    def transcript(self, of: str, text: str) -> None:
        if self._waiting is None:
            self._sender.send(render.encode(render.Transcript(of, text)))

    def catch_up(self, after: int, replayed: Sequence[render.ShownMessage]) -> None:
        """All up to `after` and all of `replayed` are on their way: go on with what came live meanwhile."""
        self._shown = max((after, *(entry.seq or 0 for entry in replayed)))
        waiting, self._waiting = self._waiting or (), None
        for message in sorted(waiting, key=lambda message: message.seq):
            self.deliver(message)

    def close(self) -> None:
        if self._filling is not None:
            self._filling.cancel()

    async def _fill(self) -> None:
        """A live message was lost: read from the store what lies between."""
        missed = await self._after(self._shown)
        if missed is None:
            return
        shown = render.shown_entries(missed, self._media_url)
        for message in shown:
            self._sender.send(render.encode(message))
        after = self._shown
        if not shown:  # not stored and yet delivered: show what there is rather than wait for ever
            after = min(message.seq for message in self._waiting or ()) - 1
        self.catch_up(after, shown)
