"""The widget's scripts and styles, held in memory and served as they lie in `ses/widget/`, but for comments and indentation."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from ses.connectors.web.config import Site

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOREVER = "public, max-age=31536000, immutable"
SHORT = "public, max-age=300"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file ready to be sent."""

    body: bytes
    packed: bytes
    """The same, gzipped."""
    type: str
    etag: str

    @classmethod
    def of(cls, body: bytes, type: str) -> Asset:
        digest = hashlib.sha256(body).hexdigest()[:16]
        return cls(body, gzip.compress(body, 9, mtime=0), type, f'"{digest}"')


class Assets:
    """Reads the folder once. Raises `FileNotFoundError` when it is not there."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.name: Asset.of(_for_visitors(path.read_bytes()), TYPES[path.suffix])
            for path in sorted(folder.iterdir())
            if path.suffix in TYPES
        }
        if "main.js" not in self._files:
            raise FileNotFoundError(f"{folder} holds no widget: there is no main.js")
        whole = hashlib.sha256(b"".join(asset.etag.encode() for asset in self._files.values()))
        self.version = whole.hexdigest()[:12]
        """Part of every module's address, so that modules may be cached for ever."""

    @property
    def weight(self) -> int:
        """Bytes of all files as they travel, gzipped."""
        return sum(len(asset.packed) for asset in self._files.values())

    def get(self, name: str) -> Asset | None:
        return self._files.get(name)

    def entry(self, site: Site) -> Asset:
        """The module of `/ses/widget/js?NAME`: the site's settings, handed to `main.js`."""
        title = site.title if isinstance(site.title, str) else dict(site.title)
        settings = {
            "name": site.name,
            "title": title,
            "color": site.color,
            "type": site.type,
            "host": site.host,
        }
        shown = json.dumps(settings, ensure_ascii=True)
        source = f'import {{ mount }} from "./v-{self.version}/main.js";\nmount(import.meta.url, {shown});\n'
        return Asset.of(source.encode(), TYPES[".js"])


_COMMENTS = re.compile(
    rb"^[ \t]*(?:/\*(?:[^*]|\*(?!/))*\*/|//[^\n]*)[ \t]*\n|/\*\* @(?:[^*]|\*(?!/))*\*/ ?", re.MULTILINE
)
"""Those that stand on lines of their own, and types within a line."""
_INDENTS = re.compile(rb"^[ \t]+|^\n", re.MULTILINE)
"""Means nothing in the HTML of the widget's template literals either."""


def _for_visitors(source: bytes) -> bytes:
    """Comments, types and indentation are for those who read the sources."""
    return _INDENTS.sub(b"", _COMMENTS.sub(b"", source))


def answer(request: web.Request, asset: Asset, cache: str, *, cors: bool) -> web.Response:
    """The file, or 304 when the browser has it."""
    headers = {
        "ETag": asset.etag,
        "Cache-Control": cache,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if cors:
        headers["Access-Control-Allow-Origin"] = "*"
    if asset.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = asset.type
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=asset.packed, headers=headers)
    return web.Response(body=asset.body, headers=headers)
