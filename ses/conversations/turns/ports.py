"""One turn under way, and what it offers to the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

from ses.clock import Clock
from ses.connectors.contract import Connector
from ses.conversations.inbound.mailbox import Mailbox, Unanswered
from ses.dialogue.state.ports import Address, HistoryMessage, Leg, Link, Model, Services, Voices
from ses.messages import Delta, Inbound, Outgoing
from ses.scenario.program.robot import Program

T = TypeVar("T")

_NOT_ISOLATED = nullcontext()


class PortsBackend(Protocol):
    """What stands behind the ports of all turns: `ses.conversations.turns.backend.TurnBackend`."""

    clock: Clock

    async def write(self, ports: TurnPorts, leg: Leg) -> None:
        """Make a leg durable, then deliver it."""
        ...

    async def link(self, hash_: bytes) -> Link | None: ...

    async def address(self, ports: TurnPorts, to: str, connector: str) -> Address: ...

    async def history(self, ports: TurnPorts, last: int) -> Sequence[HistoryMessage]: ...

    def show(self, ports: TurnPorts, delta: Delta) -> None: ...

    def show_transcript(self, ports: TurnPorts, inbound: str, text: str) -> None: ...


class Isolation(Protocol):
    """Lets a turn compute only while no other isolated one does, so that a death of the process tells whose fault it is."""

    def computing(self) -> AbstractContextManager[None]:
        """While the engine is at work."""
        ...

    def suspended(self) -> AbstractAsyncContextManager[None]:
        """While it waits for a service or the disk: others may compute."""
        ...

    def leave(self) -> None:
        """All is computed."""
        ...

    def services(self, services: Services) -> Services:
        """The same services, each call made while suspended; so are those of the next two."""
        ...

    def model(self, model: Model) -> Model: ...

    def voices(self, voices: Voices) -> Voices: ...


class TurnPorts:
    """Implements `ses.dialogue.state.ports.Ports` for one turn."""

    __slots__ = (
        "_backend",
        "_typing",
        "batch",
        "clock",
        "isolation",
        "mailbox",
        "model",
        "private",
        "program",
        "resumed",
        "said",
        "services",
        "user",
        "voices",
    )

    def __init__(
        self,
        backend: PortsBackend,
        services: Services,
        mailbox: Mailbox,
        program: Program,
        batch: Sequence[Unanswered],
        *,
        model: Model | None,
        resumed: bool,
        isolation: Isolation | None = None,
        user: str = "",
        voices: Voices | None = None,
    ) -> None:
        self.clock = backend.clock
        self.services = services
        self.model = model
        self.voices = voices
        self.mailbox = mailbox
        self.program = program
        self.batch = batch
        self.resumed = resumed
        """It goes on from the checkpoint of a turn that died: what that one said is not in `said`."""
        self.isolation = isolation
        """None, unless its inbound may be what killed the process."""
        self.user = batch[0].inbound.user or user or "/".join(mailbox.conversation)
        """Whose `keep: user` values it reads and writes; without a known person the conversation's own."""
        self.said: list[Outgoing] = []
        self.private = False
        """Something said in this turn shows a private value."""
        self._backend = backend
        self._typing = False

    @property
    def trace(self) -> str:
        turn = self.mailbox.turn + (not self.resumed)
        return f"{self.mailbox.conversation.session}/{turn}"

    def computing(self) -> AbstractContextManager[None]:
        """While the engine is at work."""
        return _NOT_ISOLATED if self.isolation is None else self.isolation.computing()

    def _suspended(self) -> AbstractAsyncContextManager[None]:
        return _NOT_ISOLATED if self.isolation is None else self.isolation.suspended()

    async def commit(self, leg: Leg) -> None:
        async with self._suspended():
            await self._backend.write(self, leg)

    async def address(self, to: str, connector: str) -> Address:
        async with self._suspended():
            return await self._backend.address(self, to, connector)

    async def link(self, hash_: bytes) -> Link | None:
        async with self._suspended():
            return await self._backend.link(hash_)

    async def offload(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(None, work)

    async def history(self, last: int) -> Sequence[HistoryMessage]:
        async with self._suspended():
            return await self._backend.history(self, last)

    async def arrivals(self) -> AsyncIterator[Inbound]:
        mailbox, seen = self.mailbox, len(self.batch)
        while True:
            while mailbox.waiting is not None and seen < len(mailbox.waiting):
                seen += 1
                yield mailbox.waiting[seen - 1].inbound
            mailbox.next_inbound = asyncio.Event()
            await mailbox.next_inbound.wait()

    def show(self, delta: Delta) -> None:
        self._backend.show(self, delta)

    def show_transcript(self, inbound: str, text: str) -> None:
        self._backend.show_transcript(self, inbound, text)

    def show_typing(self, connector: Connector | None, *, on: bool) -> None:
        """Between a leg and the next one the reader sees that the robot is at work."""
        if on != self._typing and connector is not None:
            self._typing = on
            connector.typing(self.mailbox.conversation, on)
