"""The demo page: an imaginary site with the widget in it, one address for each connector."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from string import Template

from aiohttp import web

from ses.connectors.web.connector import WebConnector

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; media-src 'self'; "
    "connect-src 'self' {socket}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class Demo:
    """Serves `/` (the first connector) and `/demo/NAME`.

    `folder` holds the style, a page `index.html` and, for robots that have a site of their own, `ROBOT.html`.
    """

    def __init__(self, folder: Path, connectors: Mapping[str, WebConnector]) -> None:
        self._pages = {
            page.stem: Template(page.read_text(encoding="utf-8")) for page in folder.glob("*.html")
        }
        self._style = (folder / "demo.css").read_text(encoding="utf-8")
        self._connectors = connectors

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.first),
            web.get("/demo/{connector}", self.one),
            web.get("/demo.css", self.style),
        ]

    async def first(self, request: web.Request) -> web.Response:
        connector = next(iter(self._connectors.values()), None)
        if connector is None:
            return web.Response(text="No website is configured: add one to `connectors.web`.\n")
        return self._answer(request, connector)

    async def one(self, request: web.Request) -> web.Response:
        connector = self._connectors.get(request.match_info["connector"])
        if connector is None:
            return web.Response(status=404, text="There is no such connector.\n")
        return self._answer(request, connector)

    async def style(self, _request: web.Request) -> web.Response:
        headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        return web.Response(text=self._style, content_type="text/css", headers=headers)

    def _answer(self, request: web.Request, connector: WebConnector) -> web.Response:
        site = connector.site
        # Behind a proxy the scheme is not known here, so the host alone must do for a friendly hint.
        known = any(origin.endswith(f"://{request.host}") for origin in site.origins)
        page = self._pages.get(site.robot, self._pages["index"]).substitute(
            name=html.escape(site.name),
            token=html.escape(site.token),
            type=site.type,
            robots="".join(self._link(other, other is connector) for other in self._connectors.values()),
            refused="hidden" if known else "",
            origin=html.escape(f"{request.scheme}://{request.host}"),
        )
        socket = f"ws://{request.host} wss://{request.host}"
        if site.host:
            socket += f" {site.host} {site.host.replace('http', 'ws', 1)}"
        headers = {
            "Content-Security-Policy": POLICY.format(socket=socket),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        return web.Response(text=page, content_type="text/html", headers=headers)

    def _link(self, connector: WebConnector, current: bool) -> str:
        site = connector.site
        title = site.title if isinstance(site.title, str) else next(iter(site.title.values()), "")
        mark = ' aria-current="page"' if current else ""
        label = html.escape(title or site.name)
        return f'<li><a href="/demo/{html.escape(site.name)}"{mark}>{label}</a></li>'
