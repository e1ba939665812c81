"""A dialogue test as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ses.messages import Attachment, Channel
from ses.scenario.findings.source import Source
from ses.testing.mocks import Mocks


class Unsaid(Enum):
    """Stands where an author wrote nothing, because `null` is something one can write."""

    UNSAID = 0


UNSAID = Unsaid.UNSAID


@dataclass(frozen=True, slots=True)
class User:
    """The user types a text."""

    at: Source
    text: str


@dataclass(frozen=True, slots=True)
class Button:
    """The user presses the newest button of that label."""

    at: Source
    label: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something happens in the conversation: `start`, `limit`, an event of the robot's own."""

    at: Source
    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attach:
    """The user sends a file, a picture, a location; with or without words."""

    at: Source
    attachment: Attachment
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """The user says something in a voice message."""

    at: Source
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """The user changes the text of his last message."""

    at: Source
    text: str


@dataclass(frozen=True, slots=True)
class Pass:
    """Time goes by."""

    at: Source
    seconds: float


@dataclass(frozen=True, slots=True)
class Bot:
    """One message of the robot; `*` in `text` stands for any text. `buttons` are its labels, none: not checked."""

    at: Source
    text: str
    buttons: tuple[str, ...] | None = None
    spoken: bool | None = None
    """Whether it is a voice message too; none: not checked."""


@dataclass(frozen=True, slots=True)
class AnyMessages:
    """`bot: ...`: any number of messages, none too, up to the next one that is listed."""

    at: Source


@dataclass(frozen=True, slots=True)
class Expect:
    """What must be true of the conversation now. `flow` none: nothing is under way."""

    at: Source
    flow: str | Unsaid | None = UNSAID
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Variables and slots: a list value's key, an ISO date, none when empty."""
    sent: tuple[tuple[str, str], ...] | None = None
    """To whom and what steps `send` said, in order; none: not checked."""


Action = User | Button | Event | Attach | Say | Edit | Pass
Step = Action | Bot | AnyMessages | Expect


@dataclass(frozen=True, slots=True)
class Case:
    """One dialogue. `now` is an ISO time in the robot's zone, none: some fixed day."""

    name: str
    at: Source
    steps: tuple[Step, ...]
    mocks: Mocks
    channel: Channel = "chat"
    now: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
