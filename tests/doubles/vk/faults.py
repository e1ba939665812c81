"""What VK says of mistakes, and how it fails when told to."""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web

ERRORS = {
    1: "Unknown error occurred",
    3: "Unknown method passed",
    5: "User authorization failed: invalid access_token (4).",
    6: "Too many requests per second",
    8: "Invalid request: v is required",
    9: "Flood control",
    10: "Internal server error",
    12: "Unable to compile code",
    13: "Runtime error occurred during code invocation",
    14: "Captcha needed",
    15: "Access denied",
    100: "One of the parameters specified was missing or invalid",
    900: "Can't send messages for users from blacklist",
    901: "Can't send messages for users without permission",
    909: "Can't edit this message, because it's too old",
    911: "Keyboard format is invalid",
    912: "This is a chat bot feature, change this status in settings",
    914: "Message is too long",
    917: "You don't have access to this chat",
}

Fault = int | Literal["reset", "lost", "503", "garbage"]
"""VK's error code · connection reset before the call is carried out, or after (`lost`) · HTTP status · no JSON."""


class ApiError(Exception):
    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason or ERRORS.get(code, "Error")


class Interrupted(Exception):
    """The whole request fails, not with an error of VK but on its way."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def error_body(code: int, reason: str) -> dict[str, Any]:
    return {"error": {"error_code": code, "error_msg": reason, "request_params": []}}


def failed(request: web.Request, fault: Fault) -> web.StreamResponse:
    if isinstance(fault, int):
        return web.json_response(error_body(fault, ERRORS.get(fault, "Error")))
    if fault in ("reset", "lost"):
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    return web.Response(status=503) if fault == "503" else web.Response(text="<html>Bad gateway</html>")
