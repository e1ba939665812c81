"""`POST /ses/upload` and reading an upload back: HTTP beside the websocket, under the session's key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from urllib.parse import quote

import msgspec
from aiohttp import BodyPartReader, web

from ses.connectors.web.admission import admitted
from ses.connectors.web.connector import WebConnector
from ses.connectors.web.uploads import UploadFolder, UploadRefused
from ses.messages import Conversation

FIELD = 256
"""Bytes of the fields `session` and `key`."""
_encode = msgspec.json.encode


class Receiving:
    """Handlers of the public listener. Fields and file travel as one form, so that a page of another origin asks
    nothing beforehand (no preflight)."""

    def __init__(
        self, connectors: Mapping[str, WebConnector], uploads: UploadFolder, cors: Callable[[], bool]
    ) -> None:
        self._connectors = connectors
        self._uploads = uploads
        self._cors = cors

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/ses/upload", self.take),
            web.get("/ses/upload/{connector}/{id}", self.give, allow_head=False),
        ]

    async def take(self, request: web.Request) -> web.Response:
        """`/ses/upload?NAME&token=TOKEN`, a form of `session`, `key` and then `file`, in this order."""
        connector = admitted(request, self._connectors)
        if connector is None:
            return web.Response(status=403)
        headers = self._headers(request)
        try:
            stored = await self._read(request, connector)
        except UploadRefused as refused:
            told = {"error": 1, "message": str(refused)}
            # The rest of the form is not read: the connection is of no further use.
            return web.Response(
                status=refused.status,
                body=_encode(told),
                content_type="application/json",
                headers={**headers, "Connection": "close"},
            )
        answer = {"error": 0, "message": "success", **msgspec.to_builtins(stored)}
        return web.Response(body=_encode(answer), content_type="application/json", headers=headers)

    async def _read(self, request: web.Request, connector: WebConnector) -> msgspec.Struct:
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

    async def give(self, request: web.Request) -> web.StreamResponse:
        """`/ses/upload/NAME/ID?session=SESSION` with `Authorization: Bearer KEY`."""
        connector = self._connectors.get(request.match_info["connector"])
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        given = {"session": request.query.get("session", ""), "key": key}
        if connector is None:
            return web.Response(status=403)
        try:
            found = await self._uploads.find(await _owner(connector, given), request.match_info["id"])
        except UploadRefused as refused:
            return web.Response(status=refused.status)
        if found is None:
            return web.Response(status=404)
        stored, path = found
        headers = {
            "Content-Type": stored.mime,
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(stored.name)}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-store",
        }
        return web.FileResponse(path, headers=headers)

    def _headers(self, request: web.Request) -> dict[str, str]:
        """The page may read the answer: its origin was compared with the site's."""
        origin = request.headers.get("Origin")
        if origin is None or not self._cors():
            return {}
        return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


async def _owner(connector: WebConnector, given: Mapping[str, str]) -> Conversation:
    session, key = given.get("session", ""), given.get("key", "")
    if not session or await connector.key_fits(session, key) is None:
        raise UploadRefused(403, "`session` and `key` do not fit each other")
    return Conversation(connector.name, session)


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(65536):
        yield chunk
