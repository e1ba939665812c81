"""The censor: a service that judges prompts and answers."""

from __future__ import annotations

from typing import Literal, Protocol

import aiohttp
import msgspec
import structlog

log = structlog.get_logger("ses.gateway.v1")

ANSWER_WAIT = 10.0
"""Seconds the censor has for a judgement."""


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


class HttpCensor:
    """`POST url {kind, text}` → `{allowed, text?}`"""

    def __init__(self, url: str, *, wait: float = ANSWER_WAIT) -> None:
        """`wait`: seconds it has for a judgement."""
        self._url = url
        self._wait = wait
        self._session: aiohttp.ClientSession | None = None

    async def judge(self, kind: Literal["prompt", "answer"], text: str) -> Verdict:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._wait))
        try:
            async with self._session.post(
                self._url, json={"kind": kind, "text": text}, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise CensorDown(f"the censor answers {response.status}")
                return msgspec.json.decode(await response.read(), type=Verdict)
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError) as error:
            log.warning("censor_down", reason=type(error).__name__)
            raise CensorDown(str(error)) from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
