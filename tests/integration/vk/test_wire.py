"""The connection under vk-api's calls: kept, renewed, patient for a while only, through proxies and TLS."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from base64 import b64encode

import pytest

from ses.connectors.vk.wire import BROKEN, Wire

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n" + b'{"response":1}'


class Server:
    """Answers each request as it is told; notes their first lines and headers."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.heads: list[str] = []
        self.connections = 0
        self.answers: list[bytes] = []
        """In the place of `ANSWER`; empty: none at all, the connection closes."""
        self.closing = False
        """Whether the connection closes after an answer."""
        self._tls = tls

    async def start(self) -> Server:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer) -> None:
        self.connections += 1
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                self.heads.append(head)
                length = next(
                    (
                        line.split(":")[1]
                        for line in head.split("\r\n")
                        if line.lower().startswith("content-length")
                    ),
                    0,
                )
                await reader.readexactly(int(length))
                answer = self.answers.pop(0) if self.answers else ANSWER
                writer.write(answer)
                if self.closing or not answer:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side has enough
        writer.close()


@pytest.fixture
async def served():
    made = []

    async def served(**settings):
        made.append(await Server(**settings).start())
        return made[-1]

    yield served
    for server in made:
        await server.stop()


@pytest.fixture
def wired(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    made = []

    def wired(api, **given):
        made.append(Wire(api, **given))
        return made[-1]

    yield wired
    for one in made:
        one.close()


async def post(connection, path="/method/x", body=b"a=1"):
    return await asyncio.to_thread(connection.post, path, body)


async def test_one_connection_serves_many_calls(served, wired):
    server = await served()
    connection = wired(f"http://127.0.0.1:{server.port}")
    assert [(await post(connection)).json() for _ in range(3)] == [{"response": 1}] * 3
    assert server.connections == 1
    assert server.heads[0].startswith("POST /method/x HTTP/1.1\r\n")


async def test_one_that_was_closed_while_it_rested_is_renewed(served, wired):
    server = await served()
    server.closing = True
    connection = wired(f"http://127.0.0.1:{server.port}")
    for number in range(3):
        assert (await post(connection)).ok
        assert server.connections == number + 1


async def test_a_broken_call_is_told_and_the_next_one_goes(served, wired):
    server = await served()
    connection = wired(f"http://127.0.0.1:{server.port}")
    server.answers = [b""]
    with pytest.raises(BROKEN):
        await post(connection)
    assert (await post(connection)).ok


async def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(served, wired):
    server = await served()
    connection = wired(f"http://127.0.0.1:{server.port}", read=0.05)
    server.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n"]
    with pytest.raises(TimeoutError):
        await post(connection)


async def test_nobody_there_is_told(wired):
    with pytest.raises(BROKEN):
        await post(wired("http://127.0.0.1:1"))


@pytest.mark.parametrize(("user", "credentials"), [("", ""), ("me:s%20t@", b64encode(b"me:s t").decode())])
async def test_a_proxy_is_told_the_whole_address(served, wired, monkeypatch, user, credentials):
    proxy = await served()
    monkeypatch.setenv("HTTP_PROXY", f"http://{user}127.0.0.1:{proxy.port}")
    assert (await post(wired("http://vk.example"))).ok
    assert proxy.heads[0].startswith("POST http://vk.example/method/x HTTP/1.1\r\n")
    assert ("Proxy-Authorization: Basic " + credentials in proxy.heads[0]) == bool(user)


async def test_a_proxy_makes_a_tunnel_for_tls(served, wired, monkeypatch):
    proxy = await served()
    proxy.answers = [b"HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n"]
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{proxy.port}")
    with pytest.raises(OSError, match="407"):
        await post(wired("https://vk.example"))
    assert proxy.heads[0].startswith("CONNECT vk.example:443 HTTP/1.")
    assert f"Proxy-Authorization: Basic {b64encode(b'me:secret').decode()}" in proxy.heads[0]


async def test_certificates_are_checked_against_the_bundle(served, wired, monkeypatch, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
         "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server = await served(tls=context)
    with pytest.raises(ssl.SSLCertVerificationError):
        await post(wired(f"https://localhost:{server.port}"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert (await post(wired(f"https://localhost:{server.port}"))).json() == {"response": 1}
    assert f"Host: localhost:{server.port}" in server.heads[0]
