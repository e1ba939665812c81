"""Files a robot shows: pictures, sounds and papers from its own `media/` folder."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from ses.connectors.media import SPOKEN

INLINE = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".mp3", ".ogg", ".wav", ".mp4", ".webm"})
"""Shown in place; all others, SVG and HTML above all, are only ever downloaded."""


def media_url(connector: str, media: str) -> str:
    """`Attachment.media` as a page fetches it; empty for what only its sender may read (uploads)."""
    if media.startswith(("https://", "http://")):
        return media
    if media.startswith("media/"):
        return f"/ses/media/{quote(connector, safe='')}/{quote(media.removeprefix('media/'))}"
    if media.startswith(SPOKEN):
        return f"/ses/audio/{quote(connector, safe='')}/{media.removeprefix(SPOKEN)}"
    return ""


def media_file(robot_folder: Path, name: str) -> Path | None:
    """The file of that name inside the robot's `media/`; none when it is not there or lies outside."""
    root = (robot_folder / "media").resolve()
    try:
        path = (root / name).resolve()
        inside = path.is_relative_to(root) and path.is_file()
    except (OSError, ValueError):  # too long a name, a NUL in it
        return None
    return path if inside else None


def media_answer(path: Path, cache: str = "public, max-age=3600") -> web.FileResponse:
    """The file, with headers under which it cannot act as a page of this host."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": cache,
    }
    if path.suffix.lower() not in INLINE:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(path.name)}"
    return web.FileResponse(path, headers=headers)
