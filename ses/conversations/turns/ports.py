"""One turn under way, and what it offers to the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

from ses.clock import Clock
from ses.connectors.contract import Connector
from ses.conversations.inbound.mailbox import Mailbox, Waiting
from ses.conversations.recovery.quarantine import Quarantine
from ses.dialogue.state.ports import Address, Leg, Link, Model, Services, Spoken, Voices
from ses.messages import Delta, Inbound, Outgoing
from ses.scenario.program.robot import Program

T = TypeVar("T")

_UNSUSPECTED = nullcontext()


class Legs(Protocol):
    """Who makes the legs of a turn durable."""

    clock: Clock

    async def write(self, run: TurnPorts, leg: Leg) -> None: ...

    async def link(self, hash_: bytes) -> Link | None: ...

    async def address(self, run: TurnPorts, to: str, connector: str) -> Address: ...

    async def history(self, run: TurnPorts, last: int) -> Sequence[Spoken]: ...

    def show(self, run: TurnPorts, delta: Delta) -> None: ...

    def show_heard(self, run: TurnPorts, inbound: str, text: str) -> None: ...


class TurnPorts:
    """Implements `ses.dialogue.state.ports.Ports` for one turn."""

    __slots__ = (
        "_legs",
        "_typing",
        "batch",
        "clock",
        "mailbox",
        "model",
        "private",
        "program",
        "resumed",
        "said",
        "services",
        "solitude",
        "user",
        "voices",
    )

    def __init__(
        self,
        legs: Legs,
        services: Services,
        mailbox: Mailbox,
        program: Program,
        batch: Sequence[Waiting],
        *,
        model: Model | None,
        resumed: bool,
        solitude: Quarantine | None = None,
        user: str = "",
        voices: Voices | None = None,
    ) -> None:
        self.clock = legs.clock
        self.services = services
        self.model = model
        self.voices = voices
        self.mailbox = mailbox
        self.program = program
        self.batch = batch
        self.resumed = resumed
        """It goes on from the checkpoint of a turn that died: what that one said is not in `said`."""
        self.solitude = solitude
        """It is under suspicion and computes alone."""
        self.user = batch[0].inbound.user or user or "/".join(mailbox.conversation)
        """Whose `keep: user` values it reads and writes; without a known person the conversation's own."""
        self.said: list[Outgoing] = []
        self.private = False
        """Something said in this turn shows a private value."""
        self._legs = legs
        self._typing = False

    @property
    def trace(self) -> str:
        turn = self.mailbox.turn + (not self.resumed)
        return f"{self.mailbox.conversation.session}/{turn}"

    def computing(self) -> AbstractContextManager[None]:
        """While the engine is at work."""
        return _UNSUSPECTED if self.solitude is None else self.solitude.computing()

    def _outside(self) -> AbstractAsyncContextManager[None]:
        return _UNSUSPECTED if self.solitude is None else self.solitude.outside()

    async def commit(self, leg: Leg) -> None:
        async with self._outside():
            await self._legs.write(self, leg)

    async def address(self, to: str, connector: str) -> Address:
        async with self._outside():
            return await self._legs.address(self, to, connector)

    async def link(self, hash_: bytes) -> Link | None:
        async with self._outside():
            return await self._legs.link(hash_)

    async def offload(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(None, work)

    async def history(self, last: int) -> Sequence[Spoken]:
        async with self._outside():
            return await self._legs.history(self, last)

    async def arrivals(self) -> AsyncIterator[Inbound]:
        mailbox, seen = self.mailbox, len(self.batch)
        while True:
            while mailbox.waiting is not None and seen < len(mailbox.waiting):
                seen += 1
                yield mailbox.waiting[seen - 1].inbound
            mailbox.arrived = asyncio.get_running_loop().create_future()
            await mailbox.arrived

    def show(self, delta: Delta) -> None:
        self._legs.show(self, delta)

    def show_heard(self, inbound: str, text: str) -> None:
        self._legs.show_heard(self, inbound, text)

    def show_typing(self, connector: Connector | None, *, on: bool) -> None:
        """Between a leg and the next one the reader sees that the robot is at work."""
        if on != self._typing and connector is not None:
            self._typing = on
            connector.typing(self.mailbox.conversation, on)
