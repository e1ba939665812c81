"""What Telegram refuses, and how it fails when told to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web


@dataclass
class Fault:
    """What happens instead of the next answer to a method.

    `status` 429 with `retry_after`, 500, 502 …; `reset`: the connection breaks, `before` or `after` the call was carried out;
    `silence`: no answer for so many seconds, after it was carried out; `late`: carried out only after so many seconds.
    """

    method: str = ""
    """Of that method only; empty: of any."""
    status: int = 0
    description: str = ""
    retry_after: int = 0
    migrate_to: int = 0
    reset: str = ""
    silence: float = 0.0
    late: float = 0.0


class Refusal(Exception):
    def __init__(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def refused(refusal: Refusal) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    return web.json_response(body, status=refusal.code)


def refusal_of(fault: Fault) -> Refusal:
    if fault.retry_after:
        again = {"retry_after": fault.retry_after}
        return Refusal(429, f"Too Many Requests: retry after {fault.retry_after}", again)
    if fault.migrate_to:
        moved = "Bad Request: group chat was upgraded to a supergroup chat"
        return Refusal(400, moved, {"migrate_to_chat_id": fault.migrate_to})
    return Refusal(fault.status, fault.description or "Internal Server Error")


def broken(request: web.Request) -> web.Response:
    """Break the connection in the middle of the call."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
