"""`/docs` (Swagger UI from files of this machine), `/openapi.json`, and the page at `/` that says what is where."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable, Sequence
from html import escape
from importlib.util import find_spec
from pathlib import Path

from aiohttp import web

from ses import __version__
from ses.gateway.http.envelope import HARDENED, ApiError
from ses.gateway.http.operation import Call, Operation

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
"""Swagger UI sets styles on its elements, hence 'unsafe-inline' for styles alone."""
PAGE = {**HARDENED, "Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
START = """\
"use strict";
SwaggerUIBundle({url: "openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null, tryItOutEnabled: true});
"""
DOCS = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>SES API</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="docs/swagger-ui.css"><link rel="icon" href="docs/favicon-32x32.png">
</head>
<body><div id="docs"></div>
<script src="docs/swagger-ui-bundle.js"></script><script src="docs/start.js"></script></body>
</html>
"""
INDEX = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>SES</title><meta name="viewport" content="width=device-width">
<style>body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem;
color-scheme: light dark }} code {{ font-size: .95em }}</style></head>
<body><main><h1>SES {version}</h1>
<p>The API and administration of this daemon. Robots that run: {robots}.</p>
<ul>
<li><a href="chat">chat</a>: talk to the language model</li>
<li><a href="docs">docs</a>: every method, to be tried in the page (<a href="openapi.json">openapi.json</a>)</li>
<li><a href="ready">ready</a>: the state of its parts</li>
<li><a href="metrics">metrics</a>: for Prometheus</li>
</ul></main></body>
</html>
"""


class DocsApi:
    """`operations` gives all of the API's, these among them, once they are known."""

    def __init__(
        self, operations: Callable[[], Sequence[Operation]], robots: Callable[[], Sequence[str]]
    ) -> None:
        self._operations = operations
        self._robots = robots
        self._document: bytes | None = None

    def operations(self) -> list[Operation]:
        return [
            self._page("/", "What is where", self._index),
            self._page("/docs", "This documentation, as a page", self._docs),
            self._page(
                "/docs/{asset}", "Scripts and styles of the page", self._asset, "*/*", asset="a file's name"
            ),
            self._page(
                "/openapi.json", "This documentation, for programs", self._openapi, "application/json"
            ),
        ]

    def _page(
        self, path: str, summary: str, handler: object, content: str = "text/html", **parameters: str
    ) -> Operation:
        return Operation(
            method="GET",
            path=path,
            summary=summary,
            handler=handler,  # type: ignore[arg-type]
            scope="read",
            local=True,
            content=content,
            failures=(404,) if parameters else (),
            tag="documentation",
            page=True,
            parameters=parameters,
        )

    async def _index(self, call: Call) -> web.Response:
        names = [robot for robot in self._robots() if call.caller.sees(robot)]
        robots = ", ".join(f"<code>{escape(name)}</code>" for name in names) or "none"
        return web.Response(
            text=INDEX.format(version=__version__, robots=robots), content_type="text/html", headers=PAGE
        )

    async def _docs(self, call: Call) -> web.Response:
        del call
        return web.Response(text=DOCS, content_type="text/html", headers=PAGE)

    async def _asset(self, call: Call) -> web.StreamResponse:
        name = call.path_parameter("asset")
        if name == "start.js":
            return web.Response(text=START, content_type="text/javascript", headers=HARDENED)
        if name not in ASSETS:
            raise ApiError(404, "the documentation has no such file")
        headers = {
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "max-age=86400",
            "Content-Type": ASSETS[name],
        }
        return web.FileResponse(_swagger_ui() / name, headers=headers)

    async def _openapi(self, call: Call) -> web.Response:
        if self._document is None:
            self._document = await asyncio.to_thread(_generated, self._operations())
        headers = dict(HARDENED)
        body = self._document
        if "gzip" in call.request.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=body, content_type="application/json", headers=headers)


def _generated(operations: Sequence[Operation]) -> bytes:
    from ses.gateway.http.openapi import (
        document,
    )  # pydantic's schema writer is needed by readers of documents only

    return json.dumps(document(operations), ensure_ascii=False).encode()


def _swagger_ui() -> Path:
    """The folder of Swagger UI's files, found without importing the package that carries them."""
    spec = find_spec("swagger_ui")
    if spec is None or spec.origin is None:
        raise ApiError(404, "Swagger UI is not installed (package swagger-ui-py); /openapi.json is")
    return Path(spec.origin).parent / "static"
