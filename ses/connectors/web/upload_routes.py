"""`POST /ses/upload` and reading an upload back: HTTP beside the websocket, under the session's key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from math import ceil
from urllib.parse import quote

import msgspec
from aiohttp import BodyPartReader, web

from ses.client_address import client_address
from ses.connectors.web.authorization import authorized, connector_name, origin_fits
from ses.connectors.web.config import Listener
from ses.connectors.web.connector import WebConnector
from ses.connectors.web.upload_limit import UploadLimit
from ses.connectors.web.uploads import Upload, UploadFolder, UploadRefused
from ses.messages import Conversation

FIELD = 256
"""Bytes of the fields `session` and `key`."""
FILE = "/ses/upload/{connector}/{id}"
_encode = msgspec.json.encode


class UploadRoutes:
    """Handlers of the public listener. Pages of another origin ask beforehand (preflight): for the progress of an
    upload, and for the header that opens a file."""

    def __init__(
        self, connectors: Mapping[str, WebConnector], uploads: UploadFolder, listener: Listener
    ) -> None:
        self._connectors = connectors
        self._uploads = uploads
        self._listener = listener
        self._limit = UploadLimit(listener.uploads)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/ses/upload", self.upload),
            web.options("/ses/upload", self.preflight),
            web.get(FILE, self.download, allow_head=False),
            web.options(FILE, self.preflight),
        ]

    async def preflight(self, request: web.Request) -> web.Response:
        """What a browser asks before a page of one of the connector's sites may send or read a file."""
        connector = self._connectors.get(request.match_info.get("connector") or connector_name(request))
        if connector is None or not origin_fits(request, connector.site):
            return web.Response(status=403)
        headers = {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": "Authorization",
            "Access-Control-Max-Age": "86400",
            **self._headers(request),
        }
        return web.Response(status=204, headers=headers)

    async def upload(self, request: web.Request) -> web.Response:
        """`/ses/upload?NAME&token=TOKEN`, a form of `session`, `key` and then `file`, in this order."""
        connector = authorized(request, self._connectors)
        if connector is None:
            return web.Response(status=403)
        headers = self._headers(request)
        try:
            stored = await self._read_within_limit(request, connector)
        except UploadRefused as refused:
            answer = {"error": 1, "message": str(refused)}
            if refused.retry_after:
                answer["retry_after"] = seconds = ceil(refused.retry_after)
                headers["Retry-After"] = str(seconds)
            # The rest of the form is not read: the connection is of no further use.
            return web.Response(
                status=refused.status,
                body=_encode(answer),
                content_type="application/json",
                headers={**headers, "Connection": "close"},
            )
        answer = {"error": 0, "message": "success", **msgspec.to_builtins(stored)}
        return web.Response(body=_encode(answer), content_type="application/json", headers=headers)

    async def _read_within_limit(self, request: web.Request, connector: WebConnector) -> Upload:
        """Read the file if its address may send it: what it says of its size is counted, and then what came."""
        address = client_address(request, self._listener.trusted_proxies)
        if address is None:
            return await self._read(request, connector)
        declared = min(request.content_length or self._uploads.largest, self._uploads.largest)
        if wait := self._limit.take(address, declared):
            raise UploadRefused(429, "too many files came from this address", wait)
        size = 0
        try:
            stored = await self._read(request, connector)
            size = stored.size
        finally:
            self._limit.give_back(address, declared - size)
        return stored

    async def _read(self, request: web.Request, connector: WebConnector) -> Upload:
        if not request.content_type.startswith("multipart/"):
            raise UploadRefused(415, "an upload is a form (multipart/form-data)")
        if (request.content_length or 0) > self._uploads.largest + 8192:
            raise UploadRefused(413, f"a file may have {self._uploads.largest} bytes at most")
        given: dict[str, str] = {}
        try:
            form = await request.multipart()
            while (part := await form.next()) is not None:
                if not isinstance(part, BodyPartReader):
                    raise UploadRefused(400, "the form holds another form")
                if part.name == "file":
                    conversation = await _owner(connector, given)
                    return await self._uploads.keep(conversation, part.filename or "", _chunks(part))
                if part.name in ("session", "key"):
                    given[part.name] = (await part.read_chunk(FIELD)).decode("utf-8", "replace")
        except ValueError as error:  # aiohttp's word for a form that is none
            raise UploadRefused(400, f"the form cannot be read: {str(error)[:200]}") from None
        raise UploadRefused(400, "the form has no `file` after `session` and `key`")

    async def download(self, request: web.Request) -> web.StreamResponse:
        """`/ses/upload/NAME/ID?session=SESSION` with `Authorization: Bearer KEY`."""
        connector = self._connectors.get(request.match_info["connector"])
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        given = {"session": request.query.get("session", ""), "key": key}
        if connector is None:
            return web.Response(status=403)
        try:
            found = await self._uploads.find(await _owner(connector, given), request.match_info["id"])
        except UploadRefused as refused:
            return web.Response(status=refused.status, headers=self._headers(request))
        if found is None:
            return web.Response(status=404, headers=self._headers(request))
        stored, path = found
        headers = {
            "Content-Type": stored.mime,
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(stored.name)}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-store",
            "Cross-Origin-Resource-Policy": "cross-origin",
            **self._headers(request),
        }
        return web.FileResponse(path, headers=headers)

    def _headers(self, request: web.Request) -> dict[str, str]:
        """The page may read the answer: its origin was compared with the site's, or it knows the session's key."""
        origin = request.headers.get("Origin")
        if origin is None or self._listener.cors != "daemon":
            return {}
        return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


async def _owner(connector: WebConnector, given: Mapping[str, str]) -> Conversation:
    session, key = given.get("session", ""), given.get("key", "")
    if not session or not await connector.sessions.key_fits(session, key):
        raise UploadRefused(403, "`session` and `key` do not fit each other")
    return Conversation(connector.name, session)


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(65536):
        yield chunk
