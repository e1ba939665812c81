"""Messages in groups that stand for a text still being written: which they are is on disk before anything is written into
them, so that after a crash the text goes on in the same message, or takes its place."""

from __future__ import annotations

import msgspec

from ses.connectors.contract import Reception
from ses.connectors.telegram.destinations import Destination

NAME = "placeholders"


class Placeholder(msgspec.Struct, frozen=True):
    """A message in a chat, for one message of the robot."""

    id: str
    """Of the robot's message: `SESSION/TURN/N`."""
    chat: int
    number: int
    """Of the message in that chat."""

    def before(self, id_: str) -> bool:
        """Whether another message of the conversation comes later, so that this one's will never come."""
        return _order(self.id) < _order(id_)


class Placeholders:
    """Those of one bot, by conversation; at most one in each."""

    def __init__(self, connector: str) -> None:
        self._connector = connector
        self._reception: Reception | None = None
        self._kept: dict[str, Placeholder] = {}

    async def load(self, reception: Reception) -> None:
        """Those that a former process left."""
        self._reception = reception
        noted = await reception.recall(self._connector, NAME)
        self._kept = msgspec.json.decode(noted, type=dict[str, Placeholder]) if noted else {}

    def of(self, session: str) -> Placeholder | None:
        return self._kept.get(session)

    async def keep(self, session: str, destination: Destination, id_: str, number: int) -> None:
        """On disk on return."""
        self._kept[session] = Placeholder(id_, destination.chat, number)
        await self._note()

    async def drop(self, session: str) -> None:
        """The message is whole, or gone. On disk on return."""
        if self._kept.pop(session, None) is not None:
            await self._note()

    async def _note(self) -> None:
        if self._reception is not None:
            value = msgspec.json.encode(self._kept).decode()
            await self._reception.remember(self._connector, NAME, value)


def _order(id_: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in id_.rsplit("/", 2)[1:])
