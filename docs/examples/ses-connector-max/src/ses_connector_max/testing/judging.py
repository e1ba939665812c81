"""Which messages MAX would not take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from ses_connector_max.testing.shapes import error

ALONE = frozenset({"file", "audio", "contact", "sticker", "location"})
"""Attachments that stand alone in their message, but for a keyboard."""


def refused(
    body: Any, uploads: Mapping[str, tuple[str, str, bytes]], unready: dict[str, int]
) -> web.Response | None:
    """Why MAX would not take a message."""
    if not isinstance(body, dict):
        return error(400, "proto.payload", "the body is an object")
    text, attachments = body.get("text") or "", body.get("attachments") or []
    if len(text.encode("utf-16-le")) // 2 > 4000:
        return error(400, "proto.payload", "text: size must be between 0 and 4000")
    kinds = [one.get("type") for one in attachments]
    bare = [kind for kind in kinds if kind != "inline_keyboard"]
    if not text and not bare:
        return error(400, "proto.payload", "Empty message")
    if ALONE & set(bare) and len(bare) > 1:
        return error(400, "proto.payload", "must be the only attachment in message")
    if {"contact", "location"} & set(bare) and len(kinds) > 1:
        return error(400, "proto.payload", "must be the only attachment in message")
    if len(bare) > 12:
        return error(400, "proto.payload", "too many attachments")
    for one in attachments:
        if one["type"] == "inline_keyboard" and (fault := _board_fault(one)):
            return error(400, "proto.payload", fault)
        if one["type"] in ("image", "video", "audio", "file"):
            known = uploads.get(str(one["payload"].get("token")))
            if known is None or known[0] != one["type"]:
                return error(400, "proto.payload", "unknown token")
            if unready[one["type"]] > 0:
                unready[one["type"]] -= 1
                reason = "Key: errors.process.attachment.file.not.processed"
                return error(400, "attachment.not.ready", reason)
    return None


def _board_fault(board: dict[str, Any]) -> str:
    lines = board["payload"]["buttons"]
    if not lines or len(lines) > 30 or not all(lines):
        return "keyboard: 1 to 30 rows"
    for line in lines:
        special = any(
            button["type"] in ("link", "open_app", "request_contact", "request_geo_location")
            for button in line
        )
        if len(line) > (3 if special else 7):
            return "keyboard: too many buttons in a row"
        for button in line:
            if not 1 <= len(button.get("text", "")) <= 128:
                return "button: text"
            if button["type"] == "callback" and len(button.get("payload", "")) > 1024:
                return "button: payload"
    return ""
