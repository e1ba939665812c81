"""A visitor's files: up by HTTP under the session's key, named in a message, read back by nobody else."""

from __future__ import annotations

import json

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, FormData

from ses.connectors.testing import MemoryReception
from ses.connectors.web.config import Listener, UploadRate
from ses.connectors.web.uploads import UploadFolder
from ses.messages import Conversation

ORIGIN = "https://shop.example"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


@pytest.fixture
async def site(start, tmp_path):
    reception = MemoryReception()
    listener = Listener(uploads=UploadRate(files=3, bytes=2900, per=60.0))
    uploads = UploadFolder(tmp_path / "web", 1000)
    async with start(reception, uploads=uploads, listener=listener, microphone=True) as running:
        yield running


class Visitor:
    def __init__(self, site, http: ClientSession, socket: ClientWebSocketResponse, welcome: dict) -> None:
        self.site, self.http, self.socket = site, http, socket
        self.session, self.key = welcome["session"], welcome["key"]
        self.settings = welcome["settings"]

    async def send(
        self, content: bytes, name: str = "p.png", *, origin=ORIGIN, token="T0ken", address=None, **given
    ):
        form = FormData({"session": self.session, "key": self.key, **given}, quote_fields=False)
        form.add_field("file", content, filename=name)
        url = f"{self.site.base}/ses/upload?site&token={token}"
        headers = {"Origin": origin} | ({"X-Forwarded-For": address} if address else {})
        async with self.http.post(url, data=form, headers=headers) as answer:
            raw = await answer.read()
            return answer.status, json.loads(raw) if raw else {}, answer.headers

    async def name(self, id: str, *attachments: dict) -> dict:
        """Name files in a message: what the daemon answers to it."""
        await self.socket.send_json({"type": "message", "id": id, "attachments": attachments})
        while (answer := await self.socket.receive_json())["type"] not in ("ack", "error"):
            pass
        return answer

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
            yield Visitor(site, http, socket, await socket.receive_json())


async def test_a_picture_goes_up_and_is_named_in_a_message(visitor):
    assert visitor.settings["upload"] == 1000
    status, stored, headers = await visitor.send(PNG, "../../кот.png")
    assert (status, stored["kind"], stored["mime"], stored["size"]) == (200, "image", "image/png", len(PNG))
    assert stored["name"] == "кот.png"
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert (await visitor.name("m1", {"id": stored["id"]}))["type"] == "ack"
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


OPUS = b"\x1aE\xdf\xa3" + b"\0" * 100
"""The container of Chromium's recordings: a film's, with a sound alone in it."""


async def test_a_recording_is_named_as_a_voice_message_and_so_shown_after_a_reload(visitor):
    assert visitor.settings["microphone"] is True
    _, stored, _ = await visitor.send(OPUS, "voice.webm")
    assert (await visitor.name("m1", {"id": stored["id"], "kind": "voice"}))["type"] == "ack"
    [attachment] = visitor.site.reception.received[-1].attachments
    assert (attachment.kind, attachment.mime) == ("voice", "audio/webm")
    page = visitor.site.page()
    page.session, page.key = visitor.session, visitor.key
    await page.open_socket()
    await page.send(type="hello", session=visitor.session, key=visitor.key)
    [shown] = (await page.receive())["messages"][0]["attachments"]
    assert (shown["kind"], shown["upload"]) == ("voice", stored["id"])
    assert "url" not in shown


async def test_what_is_no_sound_is_no_voice_message(visitor):
    _, stored, _ = await visitor.send(PNG)
    refused = await visitor.name("m1", {"id": stored["id"], "kind": "voice"})
    assert (refused["code"], refused["id"]) == ("malformed", "m1")
    assert "no sound" in refused["message"]


@pytest.mark.parametrize(("content", "kind"), [(OPUS, "voice"), (b"OggS" + b"\0" * 99, "")])
async def test_a_sound_has_no_text_beside_it(visitor, content, kind):
    _, stored, _ = await visitor.send(content)
    named = [{"id": stored["id"], "kind": kind}]
    await visitor.socket.send_json({"type": "message", "id": "m1", "text": "вот", "attachments": named})
    assert "no text" in (await visitor.socket.receive_json())["message"]


async def test_without_a_microphone_no_voice_is_taken(start, tmp_path):
    async with start(MemoryReception(), uploads=UploadFolder(tmp_path, 1000)) as site:
        async with (
            ClientSession() as http,
            http.ws_connect(f"{site.base}/ses/ws?site&token=T0ken", origin=ORIGIN) as socket,
        ):
            await socket.send_json({"type": "hello"})
            visitor = Visitor(site, http, socket, await socket.receive_json())
            assert "microphone" not in visitor.settings
            _, stored, _ = await visitor.send(OPUS)
            refused = await visitor.name("m1", {"id": stored["id"], "kind": "voice"})
            assert "`microphone`" in refused["message"]


async def test_one_address_may_send_so_much_whatever_sessions_it_opens(visitor, site):
    here, there = "198.51.100.7", "198.51.100.8"
    assert [(await visitor.send(PNG, address=here, key=key))[0] for key in (visitor.key, "wrong", "no")] == [
        200,
        403,
        403,
    ]
    status, told, headers = await visitor.send(PNG, address=here)
    assert (status, headers["Retry-After"]) == (429, str(told["retry_after"]))
    assert 0 < told["retry_after"] <= 20
    assert (await visitor.send(b"x" * 1000, address=there))[0] == 200
    assert (await visitor.send(b"x" * 1000, address=there))[0] == 200
    assert (await visitor.send(b"x" * 1000, address=there))[0] == 429
    assert (await visitor.send(b"x" * 100, address=there))[0] == 200
    # Only a proxy's address is known: nothing is counted by it.
    assert [(await visitor.send(PNG))[0] for _ in range(4)] == [200] * 4


async def test_browsers_may_ask_for_pages_of_the_site_and_for_no_other(visitor, site):
    for path in ("/ses/upload?site&token=T0ken", "/ses/upload/site/some-id?session=s"):
        ask = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
        for origin, status in ((ORIGIN, 204), ("https://evil.example", 403)):
            async with visitor.http.options(site.base + path, headers={"Origin": origin, **ask}) as answer:
                assert answer.status == status
                assert answer.headers.get("Access-Control-Allow-Origin") == (
                    ORIGIN if origin == ORIGIN else None
                )
    _, stored, _ = await visitor.send(PNG)
    assert "Access-Control-Allow-Origin" not in (await visitor.read(stored["id"]))[2]
    url = f"{site.base}/ses/upload/site/{stored['id']}?session={visitor.session}"
    headers = {"Authorization": f"Bearer {visitor.key}", "Origin": ORIGIN}
    async with visitor.http.get(url, headers=headers) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


async def test_what_was_recognised_is_told_to_its_page_where_the_site_wants_it(start):
    for wanted in (True, False):
        async with start(MemoryReception(), transcription=wanted) as site:
            page = site.page()
            await page.connect()
            await page.ask("привет")
            conversation = site.reception.received[-1].conversation
            site.connector.transcript(conversation, "v1", "две пиццы")
            site.connector.transcript(Conversation("web.site", "another"), "v1", "чужое")
            await page.send(type="ping")
            frame = await page.receive()
            if wanted:
                assert frame == {"type": "transcript", "of": "v1", "text": "две пиццы"}
                frame = await page.receive()
            assert frame == {"type": "pong"}
