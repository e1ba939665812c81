"""A daemon in memory, for the tests of any connector: keeps what it is given, answers by a function."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence

import msgspec

from ses.connectors.contract import Connector, Entry, Refused
from ses.messages import Conversation, Inbound, Outgoing

Answer = Callable[[Inbound], Sequence[Outgoing]]
"""What the robot says to an inbound; `id` and `seq` are filled in here."""


def echo(inbound: Inbound) -> Sequence[Outgoing]:
    """Repeats what was said, so that order and number can be seen."""
    if inbound.event is not None:
        return (Outgoing(id="", seq=0, text=f"event {inbound.event}"),)
    return (Outgoing(id="", seq=0, text=f"echo {inbound.text or inbound.button or ''}"),)


class MemoryReception:
    """Implements `Reception` over dictionaries. What was received survives a new connector, like a disk."""

    def __init__(self, answer: Answer = echo) -> None:
        self._answer = answer
        self._connector: Connector | None = None
        self._keys: dict[Conversation, bytes] = {}
        self._entries: defaultdict[Conversation, list[Entry]] = defaultdict(list)
        self._ids: defaultdict[Conversation, set[str]] = defaultdict(set)
        self._turns: defaultdict[Conversation, int] = defaultdict(int)
        self._seqs: defaultdict[Conversation, int] = defaultdict(int)
        self._facts: dict[tuple[str, str], str] = {}
        self.links: dict[str, str] = {}
        """By connector: what links to it begin with."""
        self.received: list[Inbound] = []
        """In the order they became durable, second copies left out."""
        self.refusals: list[Refused | Exception] = []
        """Raised, first to last, instead of taking what comes."""
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
        if inbound.id in self._ids[conversation]:
            return False
        self._ids[conversation].add(inbound.id)
        if key_hash is not None:
            self._keys.setdefault(conversation, key_hash)
        self.received.append(inbound)
        self._entries[conversation].append(Entry("visitor", inbound.id, inbound.at, None, inbound=inbound))
        self._turns[conversation] += 1
        for number, message in enumerate(self._answer(inbound), 1):
            await self.say(conversation, message, f"{self._turns[conversation]}/{number}")
        return True

    async def say(self, conversation: Conversation, message: Outgoing, place: str) -> Outgoing:
        """Store a message of the robot and push it. `place`: TURN/NUMBER."""
        self._seqs[conversation] += 1
        seq = self._seqs[conversation]
        message = msgspec.structs.replace(message, id=f"{conversation.session}/{place}", seq=seq)
        self._entries[conversation].append(Entry("robot", message.id, 0.0, seq, outgoing=message))
        if self.push and self._connector is not None:
            await self._connector.deliver(conversation, message)
        return message

    async def known(self, conversation: Conversation) -> bytes | None:
        return self._keys.get(conversation)

    async def history(
        self, conversation: Conversation, *, after: int | None, limit: int = 100
    ) -> Sequence[Entry]:
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
