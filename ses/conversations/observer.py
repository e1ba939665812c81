"""What the pipeline tells whoever counts; the gateway makes metrics of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

Outcome = Literal["answered", "error", "failed", "poison"]
"""How a turn ended: with a reply, with a step that failed and that no `on_error` took, by a fault of the program, given
up after three deaths of the daemon."""


class Observer(Protocol):
    """Called on the loop, in the hot path: count and return."""

    def accepted(self, robot: str, channel: str, *, new: bool) -> None:
        """An inbound is durable; or it was a second copy."""
        ...

    def refused(self, robot: str, channel: str, code: str) -> None:
        """An inbound was not accepted."""
        ...

    def turn_ended(self, robot: str, channel: str, seconds: float, outcome: Outcome) -> None:
        """A turn is durable, `seconds` after its oldest inbound was received."""
        ...

    def delivered(self, robot: str, channel: str, *, failed: bool) -> None:
        """A message arrived at its channel, or never will."""
        ...


class NullObserver:
    """Counts nothing."""

    def accepted(self, robot: str, channel: str, *, new: bool) -> None: ...
    def refused(self, robot: str, channel: str, code: str) -> None: ...
    def turn_ended(self, robot: str, channel: str, seconds: float, outcome: Outcome) -> None: ...
    def delivered(self, robot: str, channel: str, *, failed: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Stats:
    """The pipeline at this moment; pairs are (robot, channel)."""

    queued: dict[tuple[str, str], int] = field(default_factory=dict)
    """Inbounds that are durable and not answered."""
    outbox: dict[tuple[str, str], int] = field(default_factory=dict)
    """Messages not delivered."""
    outbox_age: dict[tuple[str, str], float] = field(default_factory=dict)
    """Seconds since the oldest of them was said."""
    live: int = 0
    """Conversations at work."""
    idle: int = 0
    """Idle conversations whose state is in memory."""
    storing: int = 0
    """Calls that wait for the store."""
