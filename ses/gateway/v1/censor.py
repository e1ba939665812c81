"""The guide's «Цензор»: a service that judges prompts and answers."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec


class Verdict(msgspec.Struct, frozen=True):
    """`text` stands in the place of what was refused."""

    allowed: bool
    text: str | None = None


class CensorDown(Exception):
    """It did not answer, or not as it should."""


class Censor(Protocol):
    async def judge(self, kind: Literal["prompt", "answer"], text: str) -> Verdict:
        """Raises `CensorDown`."""
        ...
