"""What the pipeline asks of a store.

Two calls carry the traffic, `accept` and `commit`; both are durable when they report back, and many of
them may share one transaction. Everything else is read or done now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ses.errors import SesError
from ses.storage.rows import (
    Accepted,
    Arrival,
    CallRow,
    ExpiredRow,
    LinkRow,
    LogLine,
    LogPosition,
    LogQuery,
    Pending,
    SentRow,
    SessionRow,
    TurnRecord,
    Undelivered,
    VersionRow,
)


class StoreUnavailable(SesError):
    """Nothing can be stored now: the disk is full, the database locked or gone. It may work again later."""


class CommandFailed(SesError):
    """One command could not be carried out; the others of its transaction were."""


class StoreRefused(SesError):
    """The store cannot be opened at all; the message says what to do."""


class Store(Protocol):
    """Durable memory of one daemon. All calls are made on the event loop's thread."""

    async def open(self) -> bool:
        """Make ready; false after an unclean stop of the last owner. Raises `StoreRefused`: it is in use by
        another daemon, made by a newer release, not writable."""
        ...

    async def upgrade(self) -> None:
        """Instead of `open`: make the tables, or bring those of an older release up to date, and leave. Raises `StoreRefused`."""
        ...

    async def close(self) -> None:
        """Finish what was asked for and leave the sign of a clean stop."""
        ...

    # --- the hot path ------------------------------------------------------------------------------------

    def accept(self, arrival: Arrival, done: Callable[[Accepted | SesError], None]) -> None:
        """Write an inbound, and its session if new. `done` is called once on the loop, in the order of the calls,
        when the row is on disk or could not be written.

        Never raises; nothing submitted after a failed call succeeds before that failure was reported.
        """
        ...

    async def commit(self, record: TurnRecord) -> Sequence[Accepted]:
        """Write a leg of a turn as one transaction; what became of its `arrivals`. Raises `StoreUnavailable`; a cancelled
        call may or may not have been written."""
        ...

    @property
    def waiting(self) -> int:
        """Calls that have not reported back."""
        ...

    @property
    def problem(self) -> str | None:
        """Why nothing can be stored at the moment; none when all is well. The store tries again by itself."""
        ...

    # --- sessions ----------------------------------------------------------------------------------------

    async def session(self, connector: str, session: str) -> SessionRow | None: ...

    async def find_session(self, robot: str, session: str) -> SessionRow | None:
        """The session of that id that talks to that robot, in whatever connector; the last used if several."""
        ...

    async def sent(self, session: int, *, after: int, limit: int) -> Sequence[SentRow]:
        """The robot's messages with a higher `seq`, ascending."""
        ...

    async def turns(self, session: int, *, last: int) -> Sequence[LogLine]:
        """Both sides' lines of the last turns, and what still waits for one, oldest first."""
        ...

    async def answer(
        self, session: int, external_id: str
    ) -> tuple[int, Sequence[SentRow], bytes | None] | None:
        """How an inbound was answered: number, messages and trace of its turn; none while it waits."""
        ...

    async def log(
        self, query: LogQuery, after: LogPosition | None, limit: int
    ) -> tuple[Sequence[LogLine], LogPosition | None]:
        """Lines of the dialogue log after a position, oldest first, and where the next page begins."""
        ...

    async def expired(self, before: float, after: int, limit: int) -> Sequence[ExpiredRow]:
        """Sessions whose time ran out and that wait for nothing, by ascending row from behind `after`."""
        ...

    async def remove(self, sessions: Sequence[int], before: float) -> int:
        """Delete sessions with all their rows, unless they were used since `before`; how many went."""
        ...

    # --- the queue ---------------------------------------------------------------------------------------

    async def pending(self, after: int, limit: int) -> Sequence[Pending]:
        """Inbounds without a finished turn whose row is higher, in the order they came."""
        ...

    async def add_suspicion(self, row: int, points: int) -> None:
        """Add to (or subtract from) the suspicion that an inbound kills the daemon; durable before it goes on."""
        ...

    def mark_in_flight(self, row: int) -> None:
        """From now on a sudden death of this process is that inbound's fault (`DEATH` for it at the next start);
        0: nobody's. Returns at once."""
        ...

    async def undelivered(self, after: tuple[int, int], limit: int) -> Sequence[Undelivered]:
        """Messages to be delivered, by session and `seq`, from behind that pair."""
        ...

    async def delivered(self, session: int, seq: int, *, failed: bool) -> None:
        """A message arrived, or never will; private values leave its row."""
        ...

    # --- what connectors keep for themselves -----------------------------------------------------------------

    async def keep_fact(self, connector: str, name: str, value: str) -> None:
        """Write a small fact of a connector over the one of that name. Raises `StoreUnavailable`."""
        ...

    async def fact(self, connector: str, name: str) -> str | None: ...

    # --- people --------------------------------------------------------------------------------------------

    async def user_values(self, robot: str, user: str) -> Mapping[str, Any]:
        """The values kept for the person of that name, whatever name of his it is."""
        ...

    async def join(self, keep: str, other: str, at: float) -> None:
        """Two names of one person from now on. Where both had a value of one name, that of `keep`'s person stays."""
        ...

    async def identify(self, connector: str, session: str, user: str, at: float) -> bool:
        """A session that is nobody's becomes that person's, and what was kept for it alone joins what is kept for him, as in
        `join`. True also when it was his already; false when it is another's, or not there."""
        ...

    async def names(self, user: str) -> Sequence[str]:
        """All names of the person of that name, itself among them."""
        ...

    async def conversations_of(self, robot: str, user: str) -> Sequence[SessionRow]:
        """What a person has open with a robot in any channel, under whatever name, the last used first."""
        ...

    async def people_of_phone(self, robot: str, phone: str) -> Sequence[str]:
        """Whose phone (`+79130000000`) it is: the person who was shown to own it, else those of whom the robot keeps it in
        a value of their own."""
        ...

    # --- calls of other systems, links between channels ----------------------------------------------------------

    async def call(self, name: str) -> CallRow | None: ...

    async def keep_call(self, name: str, call: CallRow, at: float) -> CallRow:
        """Note a call before it is carried out; the one that is there already, if it came twice."""
        ...

    async def answer_call(self, name: str, answer: bytes) -> None: ...

    async def keep_link(self, hash_: bytes, session: int, to: str, expires: float) -> None:
        """A link out of a session, instead of an earlier one to the same connector."""
        ...

    async def link(self, hash_: bytes) -> LinkRow | None: ...

    async def drop_external(self, calls: float, links: float) -> None:
        """Forget calls that came before `calls`, and links that ended before `links`."""
        ...

    # --- versions of robots ----------------------------------------------------------------------------------

    async def keep_version(self, row: VersionRow) -> None: ...

    async def version(self, robot: str, version: str) -> bytes | None:
        """The archive of a robot's version."""
        ...

    async def drop_versions(self, keep: Sequence[tuple[str, str]]) -> int:
        """Delete the archives that no session rests in, but these (robot, version); how many went."""
        ...
