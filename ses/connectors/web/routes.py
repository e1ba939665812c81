"""The handlers of the public listener that belong to websites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from aiohttp import web

from ses.client_address import client_address
from ses.connectors.contract import Recording, no_recording
from ses.connectors.media import SPOKEN
from ses.connectors.web.assets import FOREVER, SHORT, Assets, answer
from ses.connectors.web.authorization import authorized, connector_name
from ses.connectors.web.config import Listener
from ses.connectors.web.connector import WebConnector
from ses.connectors.web.demo import Demo
from ses.connectors.web.media import media_answer, media_file, media_url
from ses.connectors.web.upload_routes import UploadRoutes
from ses.connectors.web.uploads import UploadFolder

RobotFolder = Callable[[str], Path | None]
"""A robot's id → the folder its files lie in."""

WIDGET = Path(__file__).parents[2] / "widget"


class WebRoutes:
    """Give `routes()` to the public listener's application. `connectors` is by configured name and may change."""

    def __init__(
        self,
        connectors: Mapping[str, WebConnector],
        robot_folder: RobotFolder,
        listener: Listener | None = None,
        *,
        uploads: UploadFolder | None = None,
        recording: Recording = no_recording,
        widget: Path = WIDGET,
    ) -> None:
        self._connectors = connectors
        self._robot_folder = robot_folder
        self._recording = recording
        self._listener = listener or Listener()
        self._assets = Assets(widget)
        self._demo = Demo(widget / "demo", connectors)
        self._uploads = UploadRoutes(connectors, uploads, self._listener) if uploads is not None else None
        self._sockets: Counter[str] = Counter()
        """Open sockets by visitor's address."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/ses/ws", self.socket, allow_head=False),
            web.get("/ses/widget/js", self.script),
            web.get(r"/ses/widget/v-{version:[0-9a-f]+}/{file}", self.module),
            web.get("/ses/media/{connector}/{name:.+}", self.media),
            web.get("/ses/audio/{connector}/{folder}/{name}", self.audio),
            *(self._uploads.routes() if self._uploads is not None else ()),
            *self._demo.routes(),
        ]

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """`/ses/ws?NAME&token=TOKEN`"""
        connector = authorized(request, self._connectors)
        if connector is None:
            return web.Response(status=403)
        address = client_address(request, self._listener.trusted_proxies)
        if address is None:
            return await connector.serve(request, partial(media_url, connector.site.name))
        if self._sockets[address] >= connector.limits.sockets:
            return web.Response(status=429, headers={"Retry-After": "60"})
        self._sockets[address] += 1
        try:
            return await connector.serve(request, partial(media_url, connector.site.name))
        finally:
            self._sockets[address] -= 1
            if not self._sockets[address]:
                del self._sockets[address]

    async def script(self, request: web.Request) -> web.Response:
        """`/ses/widget/js?NAME`"""
        connector = self._connectors.get(connector_name(request))
        if connector is None:
            return web.Response(status=404, text="There is no such connector.\n")
        return answer(request, self._assets.entry(connector.site), SHORT, cors=self._cors)

    async def module(self, request: web.Request) -> web.Response:
        """A module or style. An address of another version gets today's file, uncached."""
        asset = self._assets.get(request.match_info["file"])
        if asset is None:
            return web.Response(status=404)
        current = request.match_info["version"] == self._assets.version
        return answer(request, asset, FOREVER if current else "no-cache", cors=self._cors)

    async def media(self, request: web.Request) -> web.StreamResponse:
        """A file of the connector's robot."""
        connector = self._connectors.get(request.match_info["connector"])
        folder = self._robot_folder(connector.site.robot) if connector is not None else None
        path = media_file(folder, request.match_info["name"]) if folder is not None else None
        return web.Response(status=404) if path is None else media_answer(path)

    async def audio(self, request: web.Request) -> web.StreamResponse:
        """Something the robot said aloud. A player sends no key: who knows the name, which only that session was told,
        may listen."""
        given = request.match_info
        path = self._recording(f"{SPOKEN}{given['folder']}/{given['name']}")
        known = given["connector"] in self._connectors and path is not None and path.suffix == ".mp3"
        return media_answer(path, "private, max-age=3600") if known and path else web.Response(status=404)

    @property
    def _cors(self) -> bool:
        return self._listener.cors == "daemon"
