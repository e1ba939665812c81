"""What all stores have in common: each call of the contract that writes becomes a command to the store's writer.

A store brings its modules of commands, its writer and its readers. Its calls that read need no word here: its readers make
a method of each query.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from ses.errors import SesError
from ses.storage.in_flight_marker import InFlightMarker
from ses.storage.rows import FAILED, SENT, Accepted, Arrival, CallRow, TurnRecord, VersionRow
from ses.storage.writer import CommandWriter, Work

Readers = TypeVar("Readers")
Command_co = TypeVar("Command_co", covariant=True)


class Commands(Protocol[Command_co]):
    """The module of commands of conversations, and of what belongs to the daemon."""

    @property
    def accept(self) -> Command_co: ...
    @property
    def commit(self) -> Command_co: ...
    @property
    def delivered(self) -> Command_co: ...
    @property
    def add_suspicion(self) -> Command_co: ...
    @property
    def remove(self) -> Command_co: ...
    @property
    def keep_fact(self) -> Command_co: ...
    @property
    def keep_version(self) -> Command_co: ...
    @property
    def drop_versions(self) -> Command_co: ...


class People(Protocol[Command_co]):
    """The module of commands that tell who is who."""

    @property
    def join(self) -> Command_co: ...
    @property
    def identify(self) -> Command_co: ...


class External(Protocol[Command_co]):
    """The module of commands of calls of other systems and links between channels."""

    @property
    def keep_call(self) -> Command_co: ...
    @property
    def answer_call(self) -> Command_co: ...
    @property
    def keep_link(self) -> Command_co: ...
    @property
    def drop_external(self) -> Command_co: ...


class StoreBase(Generic[Work, Readers]):
    """`Work`: the kind of function that a command is; `Readers`: those who answer the store's queries."""

    def __init__(self, commands: Commands[Work], people: People[Work], external: External[Work]) -> None:
        self._commands = commands
        self._people = people
        self._external = external
        self._writer: CommandWriter[Work] | None = None
        self._readers: Readers | None = None
        self._in_flight: InFlightMarker | None = None

    # --- parts that exist while it is open -------------------------------------------------------------------

    @property
    def writer(self) -> CommandWriter[Work]:
        if self._writer is None:
            raise RuntimeError("the store is not open")
        return self._writer

    @property
    def readers(self) -> Readers:
        if self._readers is None:
            raise RuntimeError("the store is not open")
        return self._readers

    @property
    def waiting(self) -> int:
        return self.writer.waiting

    @property
    def problem(self) -> str | None:
        return self._writer.problem if self._writer else "the store is closed"

    # --- the hot path ----------------------------------------------------------------------------------------

    def accept(self, arrival: Arrival, done: Callable[[Accepted | SesError], None]) -> None:
        self.writer.submit(self._commands.accept, arrival, done)

    async def commit(self, record: TurnRecord) -> Sequence[Accepted]:
        written: Sequence[Accepted] = await self.writer.run(self._commands.commit, record)
        return written

    # --- the queue -------------------------------------------------------------------------------------------

    async def delivered(self, session: int, seq: int, *, failed: bool) -> None:
        await self.writer.run(self._commands.delivered, (session, seq, FAILED if failed else SENT))

    async def add_suspicion(self, row: int, points: int) -> None:
        await self.writer.run(self._commands.add_suspicion, (row, points))

    def mark_in_flight(self, row: int) -> None:
        if self._in_flight is not None:
            self._in_flight.set(row)

    # --- now and then ----------------------------------------------------------------------------------------

    async def remove(self, sessions: Sequence[int], before: float) -> int:
        return int(await self.writer.run(self._commands.remove, (sessions, before)))

    async def keep_fact(self, connector: str, name: str, value: str) -> None:
        await self.writer.run(self._commands.keep_fact, (connector, name, value))

    async def keep_version(self, row: VersionRow) -> None:
        await self.writer.run(self._commands.keep_version, row)

    async def drop_versions(self, keep: Sequence[tuple[str, str]]) -> int:
        return int(await self.writer.run(self._commands.drop_versions, keep))

    async def join(self, keep: str, other: str, at: float) -> None:
        await self.writer.run(self._people.join, (keep, other, at))

    async def identify(self, connector: str, session: str, user: str, at: float) -> bool:
        return bool(await self.writer.run(self._people.identify, (connector, session, user, at)))

    async def keep_call(self, name: str, call: CallRow, at: float) -> CallRow:
        kept: CallRow = await self.writer.run(self._external.keep_call, (name, call, at))
        return kept

    async def answer_call(self, name: str, answer: bytes) -> None:
        await self.writer.run(self._external.answer_call, (name, answer))

    async def keep_link(self, hash_: bytes, session: int, to: str, expires: float) -> None:
        await self.writer.run(self._external.keep_link, (hash_, session, to, expires))

    async def drop_external(self, calls: float, links: float) -> None:
        await self.writer.run(self._external.drop_external, (calls, links))
