"""Errors that travel between the parts. Each says what failed and, where it can, the remedy."""

from __future__ import annotations

from typing import Literal

ErrorKind = Literal[
    "connect", "timeout", "status", "malformed", "denied", "value", "runaway", "cancelled", "poison",
    "llm_unavailable",
]  # fmt: skip
"""What a scenario sees as `error.kind`."""


class SesError(Exception):
    """Any error of this program that has a message fit for a person."""


class StepError(SesError):
    """A step of a scenario failed in a way that its author can catch (`on_error`, `catch`, event `error`).

    `service` names what was called (`smc`, `http` …; empty when nothing was), `status` is the HTTP
    status when there was one. The message never holds a secret or a private value.
    """

    def __init__(
        self, kind: ErrorKind, message: str, *, service: str = "", status: int | None = None
    ) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.service = service
        self.status = status
