"""One HTTP exchange with a peer, as both clients see it: what came back, and what can go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import aiohttp
import msgspec

from ses.errors import StepError


class RawReply(NamedTuple):
    """An answer as it came."""

    status: int
    content_type: str
    """Without parameters, lower case; empty when none was sent."""
    body: bytes


class OwnSite(Protocol):
    """The daemon's own emulated services, answered in process: a call to them needs no socket and no key."""

    def serves(self, url: str) -> bool: ...

    async def answer(self, method: str, url: str, content_type: str, body: bytes) -> RawReply:
        """Raises `ConnectionError` where the emulation says that the connection breaks."""
        ...


class Observer(Protocol):
    """Told of every call that left (or would have left) the process."""

    def called(self, service: str, seconds: float, outcome: str) -> None:
        """`outcome` is `ok` or the kind of the error."""
        ...


class Unobserved:
    """An observer that looks away."""

    def called(self, service: str, seconds: float, outcome: str) -> None:
        del service, seconds, outcome


TRANSPORT_ERRORS = (aiohttp.ClientError, aiohttp.InvalidURL, OSError, TimeoutError)
"""What an exchange over aiohttp may raise; `as_step_error` gives each its kind."""


def as_step_error(error: Exception, service: str, peer: str) -> StepError:
    """The typed error for a failed exchange with `peer` (a name or host, never a whole URL: paths and queries
    may hold private values)."""
    cause: BaseException | None = error
    while cause is not None:  # the guarded resolver's refusal arrives wrapped by the connector
        if isinstance(cause, StepError):
            return cause
        cause = cause.__cause__ or getattr(cause, "os_error", None)
    if isinstance(error, TimeoutError):
        return StepError("timeout", f"{peer} did not answer in time", service=service)
    if isinstance(error, aiohttp.InvalidURL):
        return StepError("value", f"the address of {peer} is not a URL", service=service)
    if isinstance(error, aiohttp.ClientResponseError):
        return StepError("malformed", f"{peer} answered something that is not HTTP", service=service)
    reason = (
        type(error).__name__
        if isinstance(error, aiohttp.ClientError)
        else (error.strerror or "")
        if isinstance(error, OSError)
        else ""
    )
    return StepError(
        "connect", f"{peer} cannot be reached or broke off{f' ({reason})' if reason else ''}", service=service
    )


async def read_limited(response: aiohttp.ClientResponse, limit: int) -> bytes | None:
    """The body, or none when it is longer than `limit` bytes (the rest stays unread)."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
    return b"".join(parts)


def json_body(data: Any, service: str) -> bytes:
    """JSON as it is sent. Raises `StepError("value")` for a value that JSON has no form for."""
    try:
        return msgspec.json.encode(data)
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise StepError("value", f"a value cannot be sent as JSON: {error}", service=service) from error


def media_type(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()
