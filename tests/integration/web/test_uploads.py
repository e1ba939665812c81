"""A visitor's files: up by HTTP under the session's key, named in a message, read back by nobody else."""

from __future__ import annotations

import json

import pytest
from aiohttp import ClientSession, FormData

from ses.connectors.testing import MemoryReception
from ses.connectors.web.uploads import UploadFolder

ORIGIN = "https://shop.example"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


@pytest.fixture
async def site(start, tmp_path):
    reception = MemoryReception()
    async with start(reception, uploads=UploadFolder(tmp_path / "web", 1000)) as running:
        yield running


class Visitor:
    def __init__(self, site, http: ClientSession, welcome: dict) -> None:
        self.site, self.http = site, http
        self.session, self.key = welcome["session"], welcome["key"]
        self.settings = welcome["settings"]

    async def send(self, content: bytes, name: str = "p.png", *, origin=ORIGIN, token="T0ken", **given):
        form = FormData({"session": self.session, "key": self.key, **given}, quote_fields=False)
        form.add_field("file", content, filename=name)
        url = f"{self.site.base}/ses/upload?site&token={token}"
        async with self.http.post(url, data=form, headers={"Origin": origin}) as answer:
            raw = await answer.read()
            return answer.status, json.loads(raw) if raw else {}, answer.headers

    async def read(self, upload: str, key: str | None = None):
        url = f"{self.site.base}/ses/upload/site/{upload}?session={self.session}"
        async with self.http.get(url, headers={"Authorization": f"Bearer {key or self.key}"}) as answer:
            return answer.status, await answer.read(), answer.headers


@pytest.fixture
async def visitor(site):
    async with ClientSession() as http:
        url = f"{site.base}/ses/ws?site&token=T0ken"
        async with http.ws_connect(url, origin=ORIGIN, protocols=["ses.v1"]) as socket:
            await socket.send_json({"type": "hello"})
            visitor = Visitor(site, http, await socket.receive_json())
            visitor.socket = socket
            yield visitor


async def test_a_picture_goes_up_and_is_named_in_a_message(visitor):
    assert visitor.settings["upload"] == 1000
    status, stored, headers = await visitor.send(PNG, "../../кот.png")
    assert (status, stored["kind"], stored["mime"], stored["size"]) == (200, "image", "image/png", len(PNG))
    assert stored["name"] == "кот.png"
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    await visitor.socket.send_json({"type": "message", "id": "m1", "attachments": [{"id": stored["id"]}]})
    while (await visitor.socket.receive_json())["type"] != "ack":
        pass
    [attachment] = visitor.site.reception.received[-1].attachments
    assert (attachment.kind, attachment.media) == ("image", f"upload:{stored['id']}")


async def test_it_is_read_back_with_the_key_only_and_never_shown_in_place(visitor):
    _, stored, _ = await visitor.send(SVG, "x.svg")
    assert (stored["kind"], stored["mime"]) == ("file", "application/octet-stream")
    status, body, headers = await visitor.read(stored["id"])
    assert (status, body) == (200, SVG)
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "application/octet-stream"
    assert (await visitor.read(stored["id"], "wrong"))[0] == 403
    assert (await visitor.read("../../../../etc/passwd"))[0] == 404
    assert (await visitor.read("A" * 22))[0] == 404


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"key": "wrong"}, 403),
        ({"session": "someone"}, 403),
        ({"token": "wrong"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"content": b"x" * 1001}, 413),
        ({"content": b"x" * 100_000}, 413),
        ({"content": b""}, 400),
    ],
)
async def test_what_is_refused_leaves_nothing(visitor, tmp_path, given, status):
    assert (await visitor.send(**{"content": PNG, **given}))[0] == status
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_body_that_is_no_such_form_is_refused(visitor):
    url = f"{visitor.site.base}/ses/upload?site&token=T0ken"
    for headers, data, status in [
        ({"Content-Type": "application/json"}, b"{}", 415),
        ({"Content-Type": "multipart/form-data"}, b"x", 400),
        ({"Content-Type": "multipart/form-data; boundary=b"}, b"--b--\r\n", 400),
        ({"Content-Type": "multipart/form-data; boundary=b"}, b"garbage", 400),
    ]:
        async with visitor.http.post(url, data=data, headers={**headers, "Origin": ORIGIN}) as answer:
            assert answer.status == status, headers


async def test_another_session_cannot_name_it(visitor, site):
    _, stored, _ = await visitor.send(PNG)
    url = f"{site.base}/ses/ws?site&token=T0ken"
    async with visitor.http.ws_connect(url, origin=ORIGIN, protocols=["ses.v1"]) as other:
        await other.send_json({"type": "hello"})
        await other.receive_json()
        await other.send_json({"type": "message", "id": "m1", "attachments": [{"id": stored["id"]}]})
        assert (await other.receive_json())["code"] == "malformed"
