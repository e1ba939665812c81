"""Uploads: an address to upload to, and the word that it was."""

from __future__ import annotations

import secrets
from typing import Any

from aiohttp import web

from doubles.vk.community import Community
from doubles.vk.faults import ERRORS, ApiError, failed


class Files(Community):
    """What the community uploads, and under which name messages then carry it."""

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        fault = self._fault("upload")
        if fault is not None:
            return failed(request, fault)
        form = await request.post()
        part = next(iter(form.values()))
        if not isinstance(part, web.FileField):
            return web.json_response({"error": "no file", "error_descr": "no file was sent"})
        ticket = secrets.token_hex(8)
        self._uploaded[ticket] = (request.match_info["kind"], part.filename, part.file.read())
        if request.match_info["kind"] == "photo":
            return web.json_response({"server": 1, "photo": ticket, "hash": "h"})
        return web.json_response({"file": ticket})

    async def _file(self, request: web.Request) -> web.Response:
        content = self.files.get(request.match_info["name"])
        return web.Response(status=404) if content is None else web.Response(body=content)

    def _save_photo(self, values: dict[str, str]) -> Any:
        return [self._keep("photo", values.get("photo", ""))]

    def _save_document(self, values: dict[str, str]) -> Any:
        kind = self._uploaded.get(values.get("file", ""), ("doc",))[0]
        return {
            "type": kind,
            kind: {**self._keep("doc", values.get("file", "")), "title": values.get("title", "")},
        }

    def _keep(self, prefix: str, ticket: str) -> dict[str, Any]:
        if ticket not in self._uploaded:
            raise ApiError(100, f"{ERRORS[100]}: file is undefined")
        number, key = next(self._ids), secrets.token_hex(4)
        self.uploads[f"{prefix}{-self.group_id}_{number}_{key}"] = self._uploaded.pop(ticket)[2]
        return {"id": number, "owner_id": -self.group_id, "access_key": key}
