"""The rows that travel between pipeline and store. Bodies are encoded messages that the store never reads."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import msgspec


class Arrival(msgspec.Struct, gc=False, kw_only=True):
    """An inbound to be written."""

    connector: str
    session: str
    robot: str
    external_id: str
    body: bytes
    at: float
    expires: float
    row: int = 0
    """The session's row when the caller knows it; 0: look it up or begin it, and return it whole."""
    key_hash: bytes | None = None
    """Written only if the session begins with this."""
    user: str = ""
    """Who is behind it, as the channel names him; written only if the session begins with this."""


class SessionRow(msgspec.Struct, gc=False):
    """A session as it rests."""

    id: int
    connector: str
    session: str
    robot: str
    state: bytes | None
    """None before its first turn was committed and after its end."""
    turn: int
    """Number of the last turn begun."""
    seq: int
    """The last number of an outgoing message."""
    private: bool
    """Outgoing rows still hold private values."""
    created: float
    touched: float
    expires: float
    key_hash: bytes | None
    user: str
    """Who is behind it; empty, or its own name (`CONNECTOR/SESSION`), when that is nobody but its reader."""


class Accepted(msgspec.Struct, gc=False):
    """What became of an arrival."""

    row: int
    """Of the inbox; 0 for a second copy."""
    session: SessionRow | None
    """The session, when the caller did not know it."""


class OutboxRow(NamedTuple):
    """An outgoing message to be written."""

    seq: int
    body: bytes
    masked: bytes | None
    """The body without private values, when that differs."""
    state: Literal[0, 1, 2]
    """`PENDING`, `SENT`, `FAILED`."""


PENDING: Literal[0] = 0
SENT: Literal[1] = 1
FAILED: Literal[2] = 2


DEATH = 8
"""Suspicion that falls on the inbound that was being computed when the daemon died without a word."""
PRESENT = 1
"""Suspicion that falls then on the other heads of conversations: any of them may have been it, most were only there."""


class TurnRecord(msgspec.Struct, gc=False, kw_only=True):
    """A leg of a turn. The last one names in `done` the inbounds it answers."""

    session: int
    state: bytes | None
    """None: the session has ended, only its numbers are left."""
    turn: int
    seq: int
    at: float
    expires: float
    robot: str
    pinned: str = ""
    """Versions the session rests in, divided by blanks."""
    done: tuple[tuple[int, bytes | None], ...] = ()
    """Inbox rows, each with its body without private values when that differs."""
    outbox: tuple[OutboxRow, ...] = ()
    private: bool = False
    """After this leg outgoing rows hold private values (those of earlier turns lose them now)."""
    unmask: bool = False
    """Earlier outgoing rows held some before."""
    user: str = ""
    user_values: dict[str, Any] = {}
    """Written for (robot, user); an `Addition` adds."""
    trace: bytes | None = None
    arrivals: tuple[Arrival, ...] = ()
    """Inbounds of other conversations that come of this leg, written with it or not at all."""
    join: tuple[str, str] | None = None
    """Two names of one person from now on; the values of the first one's person go before."""
    spent: bytes | None = None
    """The hash of a link that is used up by this leg."""
    proved: tuple[str, str] | None = None
    """A name (`phone:+79130000000`) that is from now on that of the person of the second one, whose ever it was before."""


class Addition(msgspec.Struct, frozen=True):
    """An atomic addition to a number kept by user; an absent one counts as 0."""

    by: float


class Pending(msgspec.Struct, gc=False):
    """An inbound without a finished turn."""

    row: int
    session: int
    connector: str
    session_id: str
    body: bytes
    suspicion: int
    """`DEATH` for each time the daemon died while this was computed, and smaller points; 0: above suspicion."""


class ExpiredRow(NamedTuple):
    """A session whose time ran out."""

    row: int
    connector: str
    session: str
    robot: str
    turn: int
    begun: bool
    """It has a state: it has not ended yet."""


class SentRow(msgspec.Struct, gc=False):
    """A message of the robot, as stored."""

    seq: int
    turn: int
    at: float
    body: bytes


class Undelivered(msgspec.Struct, gc=False):
    session: int
    seq: int
    connector: str
    session_id: str
    robot: str
    at: float
    body: bytes


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines of the dialogue log; times in seconds since 1970, `until` exclusive."""

    robot: str
    session: str = ""
    since: float = 0.0
    until: float = 0.0
    """0: no end."""


class LogPosition(NamedTuple):
    """Behind which line a page of the log begins."""

    at: float
    session: int
    side: int
    """0 the visitor's, 1 the robot's."""
    number: int


class LogLine(msgspec.Struct, gc=False):
    """A line of the dialogue log; `body` is an `Inbound` if `side` is 0, an `Outgoing` if 1."""

    at: float
    session: int
    side: int
    number: int
    """Inbox row, or `seq`."""
    session_id: str
    turn: int | None
    body: bytes


class CallRow(msgspec.Struct, gc=False):
    """A call of another system under an id of its own."""

    digest: bytes
    """Of what was asked: another one under the same name is a mistake of the caller."""
    plan: bytes
    """What is to be done; a call that was cut off is finished by it."""
    answer: bytes | None
    """None while it is not done."""


class LinkRow(msgspec.Struct, gc=False):
    """A link by which a conversation goes on elsewhere."""

    connector: str
    session: str
    """The conversation it comes from, by connector and id."""
    robot: str
    to: str
    """The connector it leads to."""
    expires: float


class VersionRow(msgspec.Struct, gc=False):
    """A robot's files, packed."""

    robot: str
    version: str
    archive: bytes
    at: float


def fact_key(connector: str, name: str) -> str:
    """Under which a connector's fact stands in `meta`, beside the notes of the store itself."""
    return f"fact {connector} {name}"
