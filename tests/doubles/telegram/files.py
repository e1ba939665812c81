"""Files that the bot sends and may fetch."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from doubles.telegram.chats import Chats
from doubles.telegram.faults import Refusal
from doubles.telegram.messages import Sent


class Files(Chats):
    """Files by their `file_id`."""

    async def _do_getfile(self, fields: dict[str, Any], files: Any) -> Any:
        id_ = str(fields["file_id"])
        if id_ not in self.files:
            raise Refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        size = len(self.files[id_])
        if size > 20 << 20:
            raise Refusal(400, "Bad Request: file is too big")
        return {"file_id": id_, "file_unique_id": f"u{id_}", "file_size": size, "file_path": f"files/{id_}"}

    async def _file(self, request: web.Request) -> web.Response:
        id_ = request.match_info["path"].removeprefix("files/")
        if request.match_info["token"] != self.token or id_ not in self.files:
            return web.Response(status=404)
        return web.Response(body=self.files[id_])

    def _check_file(self, kind: str, fields: dict[str, Any], files: dict[str, tuple[str, bytes]]) -> None:
        source = fields.get(kind)
        if kind in files or (isinstance(source, str) and source.removeprefix("attach://") in files):
            return
        if not source or (not str(source).startswith("http") and source not in self.files):
            raise Refusal(400, "Bad Request: wrong remote file identifier specified")

    def _kept(self, kind: str, sent: Sent) -> Any:
        source = str(sent.fields.get(kind) or "")
        name, content = next(iter(sent.files.values()), ("", b""))
        id_ = source if source in self.files else f"{kind}-{sent.chat}-{sent.id}"
        self.files.setdefault(id_, content)
        file = {"file_id": id_, "file_unique_id": f"u{id_}", "file_size": len(self.files[id_])}
        match kind:
            case "photo":
                return [{**file, "width": 100, "height": 100}]
            case "document":
                return {**file, "file_name": name}
            case "sticker":
                return {
                    **file,
                    "type": "regular",
                    "width": 9,
                    "height": 9,
                    "is_animated": False,
                    "is_video": False,
                }
            case "video" | "animation":
                return {**file, "width": 100, "height": 100, "duration": 1}
        return {**file, "duration": 1}
