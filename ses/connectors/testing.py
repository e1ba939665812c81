"""For the tests of any connector: a daemon in memory that answers by a function, and a connector without a messenger."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from ses.clock import Clock, SystemClock
from ses.connectors.contract import Connector, ConnectorState, HistoryEntry, Reception, Refused, SessionOwner
from ses.connectors.ordered_intake import NOTHING, OrderedIntake
from ses.connectors.status import ConnectionStatus
from ses.messages import Conversation, Delta, Inbound, Outgoing

Answer = Callable[[Inbound], Sequence[Outgoing]]
"""What the robot says to an inbound; `id` and `seq` are filled in here."""


def echo(inbound: Inbound) -> Sequence[Outgoing]:
    """Repeats what was said, so that order and number can be seen."""
    if inbound.event is not None:
        return (Outgoing(id="", seq=0, text=f"event {inbound.event}"),)
    return (Outgoing(id="", seq=0, text=f"echo {inbound.text or inbound.button or ''}"),)


class HurriedClock(SystemClock):
    """The machine's clock, but who sleeps hardly does: for connectors over real sockets whose tests count no time."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(min(seconds, 0.01))


class MemoryReception:
    """Implements `Reception` over dictionaries. What was received survives a new connector, like a disk."""

    def __init__(self, answer: Answer = echo) -> None:
        self._answer = answer
        self._connector: Connector | None = None
        self._keys: dict[Conversation, bytes] = {}
        self._entries: defaultdict[Conversation, list[HistoryEntry]] = defaultdict(list)
        self._ids: defaultdict[Conversation, set[str]] = defaultdict(set)
        self._turns: defaultdict[Conversation, int] = defaultdict(int)
        self._seqs: defaultdict[Conversation, int] = defaultdict(int)
        self._facts: dict[tuple[str, str], str] = {}
        self._users: dict[Conversation, str] = {}
        self.links: dict[str, str] = {}
        """By connector: what links to it begin with."""
        self.received: list[Inbound] = []
        """In the order they became durable, second copies left out."""
        self.refusals: list[Refused | Exception] = []
        """Raised, first to last, instead of taking what comes."""
        self.refusing: dict[Conversation, Refused] = {}
        """Raised for everything of that conversation, for as long as it stands here."""
        self.gate: asyncio.Event | None = None
        """When set to an event: nothing becomes durable before it is."""
        self.push = True
        """Whether answers are pushed live, or only stored."""

    def serve(self, connector: Connector) -> None:
        """Deliver through this connector from now on."""
        self._connector = connector

    async def receive(self, inbound: Inbound, *, key_hash: bytes | None = None) -> bool:
        if self.gate is not None:
            await self.gate.wait()
        if self.refusals:
            raise self.refusals.pop(0)
        conversation = inbound.conversation
        if conversation in self.refusing:
            raise self.refusing[conversation]
        if inbound.id in self._ids[conversation]:
            return False
        self._ids[conversation].add(inbound.id)
        if key_hash is not None:
            self._keys.setdefault(conversation, key_hash)
        self._users.setdefault(conversation, inbound.user)
        self.received.append(inbound)
        self._entries[conversation].append(
            HistoryEntry("visitor", inbound.id, inbound.at, None, inbound=inbound)
        )
        self._turns[conversation] += 1
        for number, message in enumerate(self._answer(inbound), 1):
            await self.say(conversation, message, f"{self._turns[conversation]}/{number}")
        return True

    async def say(self, conversation: Conversation, message: Outgoing, place: str) -> Outgoing:
        """Store a message of the robot and push it. `place`: TURN/NUMBER."""
        self._seqs[conversation] += 1
        seq = self._seqs[conversation]
        message = msgspec.structs.replace(message, id=f"{conversation.session}/{place}", seq=seq)
        self._entries[conversation].append(HistoryEntry("robot", message.id, 0.0, seq, outgoing=message))
        if self.push and self._connector is not None:
            await self._connector.deliver(conversation, message)
        return message

    async def has_begun(self, conversation: Conversation) -> bool:
        return conversation in self._users

    async def owner(self, conversation: Conversation) -> SessionOwner | None:
        user = self._users.get(conversation)
        return None if user is None else SessionOwner(self._keys.get(conversation), user)

    async def identify(self, conversation: Conversation, user: str) -> bool:
        if self._users.get(conversation) == "":
            self._users[conversation] = user
        return self._users.get(conversation) == user

    async def history(
        self, conversation: Conversation, *, after: int | None, limit: int = 100
    ) -> Sequence[HistoryEntry]:
        entries = self._entries[conversation]
        if after is None:
            return entries[-limit:]
        return [entry for entry in entries if entry.seq is not None and entry.seq > after]

    async def continue_in(self, conversation: Conversation, to: str) -> str:
        if to not in self.links:
            raise Refused("busy", "not connected", 5.0)
        return f"{self.links[to]}{conversation.session}"

    async def remember(self, connector: str, name: str, value: str) -> None:
        self._facts[connector, name] = value

    async def recall(self, connector: str, name: str) -> str | None:
        return self._facts.get((connector, name))


class MemoryConnector:
    """Implements `Channel` without a messenger: people are objects, `person("ann").say("hi")`."""

    replays = False

    def __init__(
        self,
        name: str = "shop",
        robot: str = "echo",
        *,
        kind: str = "memory",
        clock: Clock | None = None,
        variables: Mapping[str, Any] = NOTHING,
    ) -> None:
        """`variables`: what every conversation begins with."""
        self.name = f"{kind}.{name}"
        self.kind = kind
        self.robot = robot
        self.clock = clock or SystemClock()
        self.said: defaultdict[str, list[Outgoing]] = defaultdict(list)
        """What the robot said, by session."""
        self.stored: set[tuple[str, str]] = set()
        """Session and id of what is on disk."""
        self._variables = variables
        self._status = ConnectionStatus(self.name, robot, "", self.clock)
        self._intake: OrderedIntake | None = None
        self._changed = asyncio.Event()
        """Set when something was stored or delivered."""

    def person(self, session: str) -> MemoryPerson:
        return MemoryPerson(self, session)

    def send(self, inbound: Inbound) -> None:
        """The messenger brings something; it goes nowhere when nobody listens."""
        if self._intake is not None:
            stored = self._intake.enter(inbound)
            stored.add_done_callback(lambda done: self._note(inbound, done))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return when something that was stored or delivered makes it so."""
        while not holds():
            self._changed.clear()
            await self._changed.wait()

    async def start(self, reception: Reception) -> None:
        self._intake = OrderedIntake(reception, self._status, self.clock, variables=self._variables)
        self._status.connected()

    async def refuse(self) -> None:
        intake, self._intake = self._intake, None
        if intake is not None:
            await intake.close()

    async def stop(self) -> None:
        await self.refuse()
        self._status.stopped()

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        self.said[conversation.session].append(message)
        self._changed.set()

    def typing(self, conversation: Conversation, on: bool) -> None:
        pass

    def stream(self, conversation: Conversation, delta: Delta) -> None:
        pass

    def state(self) -> ConnectorState:
        return self._status.state()

    def _note(self, inbound: Inbound, stored: asyncio.Future[bool]) -> None:
        if not stored.cancelled() and stored.result():
            self.stored.add((inbound.session, inbound.id))
            self._changed.set()


class MemoryPerson:
    """Somebody who talks through a `MemoryConnector`."""

    def __init__(self, connector: MemoryConnector, session: str) -> None:
        self._connector = connector
        self._count = 0
        self.conversation = Conversation(connector.name, session)

    async def say(self, text: str, id: str | None = None) -> str:
        return self._send(id, text=text)

    async def press(self, button: str) -> str:
        said = self._connector.said[self.conversation.session]
        await self._connector.until(
            lambda: any(one.id == button for message in said for one in message.buttons)
        )
        return self._send(None, button=button)

    async def acknowledged(self, id: str) -> None:
        await self._connector.until(lambda: (self.conversation.session, id) in self._connector.stored)

    async def reads(self, count: int) -> list[str]:
        said = self._connector.said[self.conversation.session]
        await self._connector.until(lambda: len(said) >= count)
        return [message.text for message in said[:count]]

    def _send(self, id: str | None, *, text: str | None = None, button: str | None = None) -> str:
        self._count += 1
        known = id or f"m{self._count}"
        connector = self._connector
        connector.send(
            Inbound(
                connector=connector.name, session=self.conversation.session, id=known, robot=connector.robot,
                channel=connector.kind, at=connector.clock.now(), text=text, button=button,
            )
        )  # fmt: skip
        return known
